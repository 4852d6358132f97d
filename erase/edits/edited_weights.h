// The weights of a UNet or a text encoder under some edits, on a device: only those that change
// have buffers, so an edited model shares every other byte with the original. The store must
// outlive the object, and the object every plan that was compiled with it.
#pragma once

#include <span>
#include <utility>
#include <vector>

#include "engine/device.h"
#include "engine/graph.h"
#include "erase/edits/edit.h"
#include "models/files/weight_store.h"

namespace lacuna {

class EditedWeights {
 public:
  // Throws InputError if an edit does not fit; `force` as for for_each_change().
  EditedWeights(ModelPart part, const WeightStore& base, std::span<const Edit> edits, bool force);
  // The graph's model is the edited one from here on.
  void replace(Graph& graph) const;
  size_t tensors() const { return parameters_.size(); }

 private:
  std::vector<Buffer> buffers_;
  std::vector<std::pair<Parameter, Parameter>> parameters_;  // the original and the edited
};

}  // namespace lacuna
