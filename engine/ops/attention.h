// What attention and its gradient share.
#pragma once

#include "engine/graph.h"

namespace lacuna {

struct Attention {
  int heads;
  bool causal;
};

Gradients attention_backward(const Node& n, Tensor dy, const Wanted& wanted);

}  // namespace lacuna
