// The diffusers folder of a model: where its parts and their weights lie.
#pragma once

#include <filesystem>
#include <string>

namespace lacuna {

// The folder of one part, such as "unet". The message helps who points --model at something else.
std::filesystem::path part(const std::filesystem::path& folder, const char* name);

// The weights file of a part: safetensors, whole, sharded or as an f16 variant. `stem` is "model"
// or "diffusion_pytorch_model".
std::filesystem::path weights_file(const std::filesystem::path& folder, const std::string& stem);

}  // namespace lacuna
