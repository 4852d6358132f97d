#include "models/files/model_files.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "models/files/assets.h"
#include "models/files/diffusers_names.h"
#include "models/files/ldm_names.h"
#include "models/files/text_names.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

constexpr const char* index_name = "model_index.json";

fs::path weights_file(const fs::path& folder, const std::string& stem) {
  for (const char* ending : {".safetensors", ".safetensors.index.json", ".fp16.safetensors"})
    if (fs::exists(folder / (stem + ending))) return folder / (stem + ending);
  if (fs::exists(folder / (stem + ".bin")) || fs::exists(folder / "pytorch_model.bin"))
    throw InputError(
        "[model] {} holds weights as a pickled .bin, which can run code and is not read; save the "
        "model as safetensors",
        display(folder));
  throw InputError("[model] {} has no {}.safetensors; the model is incomplete", display(folder),
                   stem);
}

void check_single_file(const fs::path& file) {
  if (file.extension() == ".safetensors") return;
  for (const char* pickled : {".ckpt", ".pt", ".pth", ".bin"})
    if (file.extension() == pickled)
      throw InputError(
          "[model] {} is pickled, which can run code and is not read; save the model as "
          ".safetensors",
          display(file));
  throw InputError(
      "[model] {} is no model; --model takes a diffusers folder or a .safetensors file",
      display(file));
}

bool holds(const SafeTensors& file, std::string_view prefix) {
  const auto next = file.entries().lower_bound(prefix);
  return next != file.entries().end() && next->first.starts_with(prefix);
}

// Says what a file is that holds nothing of a part.
[[noreturn]] void fail_without(const SafeTensors& file, ModelPart of) {
  const std::string name = display(file.path());
  if (holds(file, "conditioner.") || holds(file, "cond_stage_model.model."))
    throw InputError(
        "[model] {} is a checkpoint of Stable Diffusion {}; lacuna reads Stable Diffusion 1.x",
        name, holds(file, "conditioner.") ? "XL" : "2.x");
  if (!holds(file, ldm_prefix(ModelPart::unet)))
    throw InputError(
        "[model] {} has no tensor {}*, so it is no single-file checkpoint of Stable Diffusion; an "
        "edit belongs to --edit",
        name, ldm_prefix(ModelPart::unet));
  const char* what = of == ModelPart::unet ? "UNet" : of == ModelPart::vae ? "VAE" : "text encoder";
  throw InputError(
      "[model] {} has no {} under the names of Stable Diffusion 1.x ({}*); the checkpoint is "
      "incomplete or of another kind",
      name, what, ldm_prefix(of));
}

SafeTensors part_of_file(const fs::path& path, ModelPart of) {
  SafeTensors file = SafeTensors::open(path);
  std::vector<std::string> names;
  for (const auto& [name, entry] : file.entries())
    if (name.starts_with(ldm_prefix(of))) names.push_back(name);
  const DiffusersNames diffusers_name(of, names);
  // What has no place in the part is left out, as everybody does: averages, losses, counters.
  file = std::move(file).renamed([&](SafeTensors::Entry& entry) {
    std::string name = diffusers_name(entry.name);
    if (name.empty()) return false;
    entry.shape = diffusers_shape(of, name, std::move(entry.shape));
    entry.name = std::move(name);
    return true;
  });
  if (file.entries().empty()) fail_without(SafeTensors::open(path), of);
  return file;
}

}  // namespace

bool is_single_file(const fs::path& model) {
  std::error_code ignored;
  return fs::is_regular_file(model, ignored);
}

bool is_checkpoint(const fs::path& file) {
  if (!is_single_file(file) || file.extension() != ".safetensors") return false;
  try {
    return holds(SafeTensors::open(file), ldm_prefix(ModelPart::unet));
  } catch (const Error&) { return false; }
}

std::string model_name(const fs::path& model) {
  const fs::path path = fs::weakly_canonical(model);
  return display(is_single_file(path) ? path.stem() : path.filename());
}

fs::path configuration_folder(const fs::path& model) {
  if (is_single_file(model)) {
    check_single_file(model);
    fs::path beside = model;
    if (fs::exists(beside.replace_extension() / index_name)) return beside;
    const fs::path own = asset_folder("stable-diffusion-1");
    if (own.empty())
      throw InputError(
          "[model] the tokenizer and configuration of Stable Diffusion 1.x were not found near the "
          "program; put assets/stable-diffusion-1 beside {} as {}",
          display(model), display(beside));
    return own;
  }
  if (!fs::is_directory(model))
    throw InputError(
        "[model] there is no folder or file {}; --model takes a diffusers folder with {} or a "
        "single .safetensors file",
        display(model), index_name);
  if (!fs::exists(model / index_name))
    throw InputError(
        "[model] {} has no {}, so it is no diffusers folder; for a single-file checkpoint, name "
        "the file itself",
        display(model), index_name);
  return model;
}

fs::path part(const fs::path& model, const char* name) {
  const fs::path folder = configuration_folder(model);
  if (!fs::is_directory(folder / name))
    throw InputError("[model] {} has no folder {}; the model is incomplete", display(folder), name);
  return folder / name;
}

Json configuration(const fs::path& model, ModelPart of) {
  const Json file = read_json(part(model, place_in_folder(of).folder) / "config.json");
  if (of != ModelPart::unet || !is_single_file(model)) return file;
  const SafeTensors weights = open_weights(model, of);
  const SafeTensors::Entry* first = weights.find("conv_in.weight");
  if (!first || first->shape.size() != 4) return file;
  return file.with("in_channels", first->shape[1]);
}

SafeTensors open_weights(const fs::path& model, ModelPart of) {
  if (is_single_file(model)) {
    check_single_file(model);
    return part_of_file(model, of);
  }
  const PartPlace place = place_in_folder(of);
  SafeTensors weights = SafeTensors::open(weights_file(part(model, place.folder), place.stem));
  return of == ModelPart::text ? with_text_names(std::move(weights)) : std::move(weights);
}

}  // namespace lacuna
