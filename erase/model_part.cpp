#include "erase/model_part.h"

#include "models/folder.h"

namespace lacuna {

std::filesystem::path weights_file(const std::filesystem::path& model, ModelPart of) {
  const PartPlace place = place_in_folder(of);
  return weights_file(part(model, place.folder), place.stem);
}

}  // namespace lacuna
