// How far edits move a model, tensor by tensor: what `lacuna diff` shows. Reads files alone, no
// device.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "erase/edits/edit.h"

namespace lacuna {

// dW = W' - W over the scalars of one tensor or, summed up, of several.
struct Difference {
  std::string name;
  std::vector<int64_t> shape;
  int64_t scalars = 0;
  int64_t unchanged = 0;         // equal to the original: never moved, or rounded back to it
  int64_t lost_in_half = 0;      // changed, but equal once both are stored as f16
  double norm = 0;               // ||dW||
  double original_norm = 0;      // ||W||
  double mean = 0, largest = 0;  // of |dW|

  // ||dW|| / ||W||, if W is not all zero.
  std::optional<double> ratio() const;
};

// Of every tensor of a part that the edits change, under the names that edits use. `base` and
// `force` as for for_each_change().
std::vector<Difference> differences(ModelPart part, const TensorFile& base,
                                    std::span<const Edit> edits, bool force);

// The same for both parts of the model in that folder that edits may change, the UNet's first; a
// part that they leave alone is not read.
std::vector<Difference> differences(const std::filesystem::path& model, std::span<const Edit> edits,
                                    bool force);

// Of several tensors as if they were one.
Difference total(std::span<const Difference> parts);

}  // namespace lacuna
