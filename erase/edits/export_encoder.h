// A text encoder under edits as a folder of its own: what transformers' CLIPTextModel and the
// programs of the field load.
#pragma once

#include <filesystem>
#include <span>

#include "erase/edits/edit.h"

namespace lacuna {

// Writes config.json, as the original folder has it, and model.safetensors with every tensor of
// `base` under its name and in its type. Throws InputError if the edits do not fit, or `to` has
// such files and they may not be replaced.
void export_encoder(const TensorFile& base, const std::filesystem::path& original,
                    std::span<const Edit> edits, const std::filesystem::path& to, bool replace);

}  // namespace lacuna
