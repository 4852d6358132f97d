// The tensors that a part of a model reads, by its configuration and its code alone.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "models/files/model_part.h"

namespace lacuna {

// Under diffusers' names. Throws InputError if the configuration is not one that lacuna supports.
std::vector<std::string> network_names(const std::filesystem::path& model, ModelPart part);

}  // namespace lacuna
