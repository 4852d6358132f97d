// The numbers of a text encoder's layers, in tensor names and as users write them.
#pragma once

#include <optional>
#include <string_view>

namespace lacuna {

// "text_model.encoder.layers.7.mlp.fc1.weight" -> 7; -1 for tensors of no layer.
int layer_of(std::string_view tensor);

// From `first` to `last`, both included.
struct LayerRange {
  int first = 0, last = 0;
};
// "7" or "0-11"; nothing for every other text.
std::optional<LayerRange> parse_layers(std::string_view text);

}  // namespace lacuna
