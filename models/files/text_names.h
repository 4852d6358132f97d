// One name for every tensor of the text encoder, whoever saved it. transformers 5 and Stable
// Diffusion's first checkpoints leave out the word before each name that all others have;
// transformers reads both.
#pragma once

#include <string>
#include <string_view>

#include "base/tensors/tensor_file.h"

namespace lacuna {

inline constexpr std::string_view text_prefix = "text_model.";

inline std::string text_tensor_name(std::string_view name) {
  return std::string(name.starts_with(text_prefix) ? "" : text_prefix) + std::string(name);
}

// The same weights under these names. Throws InputError if two tensors would have the same one.
inline TensorFile with_text_names(TensorFile file) {
  return std::move(file).renamed([](TensorFile::Entry& entry) {
    entry.name = text_tensor_name(entry.name);
    return true;
  });
}

}  // namespace lacuna
