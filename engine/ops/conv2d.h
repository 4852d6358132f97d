// What convolutions by tiles (conv2d.cpp) and plain ones (conv2d_plain.cpp) share.
#pragma once

#include "engine/ops.h"
#include "engine/ops/tile.h"

namespace lacuna {

struct Conv2dAttribute {
  Conv2d options;
  Epilogue epilogue;
};

// The extents that a gradient cannot read off its inputs: of x for dx, of the weight for dW.
struct Conv2dBackwardAttribute {
  Conv2d options;
  int height, width;
};

// Tiles know neither dilation nor groups.
inline bool is_plain(const Conv2d& o) {
  return o.dilation.y != 1 || o.dilation.x != 1 || o.groups != 1;
}

// The plain kernels. Inputs and outputs of `n` are those of conv2d, conv2d.dx and conv2d.dw; the
// second output of conv2d.dw takes the parts of dW, of which there are conv2d_plain_parts.
void record_conv2d_plain(const Node& n, Recorder& r);
void record_conv2d_plain_dx(const Node& n, Recorder& r);
void record_conv2d_plain_dw(const Node& n, Recorder& r);
int64_t conv2d_plain_parts(const Shape& dy);

}  // namespace lacuna
