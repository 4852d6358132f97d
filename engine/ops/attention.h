// What attention and its gradient share.
#pragma once

#include "engine/recorder.h"

namespace lacuna {

struct Attention {
  int heads;
  bool causal;
};

// How the kernels for GPUs (shaders/attention_tile.glsl) are cut for heads of `head` channels, of
// which a group sums at most `most` fours: groups along the rows, and `parts` along the channels.
struct AttentionTile {
  uint32_t local, fours, parts;
  uint32_t groups(uint32_t rows) const { return (rows + local / 2 - 1) / (local / 2); }
};
AttentionTile attention_tile(const Recorder& r, const Node& n, uint32_t head, uint32_t most);

Gradients attention_backward(const Node& n, Tensor dy, const Wanted& wanted);

}  // namespace lacuna
