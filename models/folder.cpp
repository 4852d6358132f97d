#include "models/folder.h"

#include "engine/error.h"
#include "engine/file.h"

namespace lacuna {

std::filesystem::path part(const std::filesystem::path& folder, const char* name) {
  if (!std::filesystem::is_directory(folder))
    throw InputError(
        "[model] there is no folder {}; --model takes a diffusers folder with model_index.json",
        display(folder));
  if (!std::filesystem::exists(folder / "model_index.json"))
    throw InputError(
        "[model] {} has no model_index.json, so it is no diffusers folder; convert single-file "
        "checkpoints first",
        display(folder));
  if (!std::filesystem::is_directory(folder / name))
    throw InputError("[model] {} has no folder {}; the model is incomplete", display(folder), name);
  return folder / name;
}

std::filesystem::path weights_file(const std::filesystem::path& folder, const std::string& stem) {
  for (const char* ending : {".safetensors", ".safetensors.index.json", ".fp16.safetensors"})
    if (std::filesystem::exists(folder / (stem + ending))) return folder / (stem + ending);
  if (std::filesystem::exists(folder / (stem + ".bin")) ||
      std::filesystem::exists(folder / "pytorch_model.bin"))
    throw InputError(
        "[model] {} holds weights as a pickled .bin, which can run code and is not read; save the "
        "model as safetensors",
        display(folder));
  throw InputError("[model] {} has no {}.safetensors; the model is incomplete", display(folder),
                   stem);
}

}  // namespace lacuna
