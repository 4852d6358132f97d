// The cross-attention matrices that the closed forms change, read from a UNet's file and edited.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "erase/closed/closed_form.h"
#include "erase/trainables.h"

namespace lacuna {

struct CrossAttention {
  std::vector<std::string> names;
  std::vector<Matrix> matrices;  // [c,d] each

  // Those of `which`: "k", "v" or "kv". `width` is the text encoder's. Throws InputError if `which`
  // is something else, and if a matrix has another width or holds a number that is not finite.
  static CrossAttention read(const TensorFile& unet, std::string_view which, int64_t width);
  // The names' pattern (selection.h).
  static const char* pattern(std::string_view which);
};

// All matrices as the method makes them, in the checkpoint's layout, on as many threads as there
// are. Throws InputError if a result is not finite.
std::vector<Trainables::Export> edited(const ClosedForm& method, const CrossAttention& attention);

}  // namespace lacuna
