// What attention and its gradient share.
#pragma once

#include "engine/ops/elementwise.h"
#include "engine/recorder.h"

namespace lacuna {

struct Attention {
  int heads;
  bool causal, masked;  // the mask is the fourth input
};

// Elements from one batch, head or query of a mask to the next; 0 along axes that all share.
struct MaskPitches {
  uint32_t batch = 0, head = 0, query = 0;
  explicit MaskPitches(const Shape& mask)
      : batch(pitch(mask, 0)), head(pitch(mask, 1)), query(pitch(mask, 2)) {}
  MaskPitches() = default;

 private:
  static uint32_t pitch(const Shape& mask, int axis) {
    return mask[axis] == 1 ? 0 : static_cast<uint32_t>(pitch_of(mask, axis));
  }
};

// How the kernels for GPUs (shaders/attention_tile.glsl) are cut for heads of `head` channels, of
// which a group sums at most `most` fours: groups along the rows, and `parts` along the channels.
struct AttentionTile {
  uint32_t local, fours, parts;
  uint32_t groups(uint32_t rows) const { return (rows + local / 2 - 1) / (local / 2); }
};
AttentionTile attention_tile(const Recorder& r, const Node& n, uint32_t head, uint32_t most);

// The gradient of the mask. Inputs q, k, v, dy, log_sum, delta and mask.
extern const Op attention_dmask_op;

Gradients attention_backward(const Node& n, Tensor dy, const Wanted& wanted);

}  // namespace lacuna
