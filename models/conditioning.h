// Conditioning: what a UNet gets besides latents and timestep. A value: its embeddings are shared
// between the images that use them.
#pragma once

#include <memory>
#include <vector>

namespace lacuna {

using Embeddings = std::shared_ptr<const std::vector<float>>;

struct Conditioning {
  // [T,C], an embedding a token, which cross-attention reads: the text encoder's last hidden state.
  // In SDXL the features of two encoders, one behind the other.
  Embeddings sequence;
  // [P], SDXL's embedding of the whole prompt. SD 1.x has none.
  Embeddings pooled;
  // SDXL's time ids: original height and width, crop top and left, target height and width. SD 1.x
  // has none.
  std::vector<float> ids;

  explicit operator bool() const { return sequence != nullptr; }
};

}  // namespace lacuna
