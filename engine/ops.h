// The op catalogue. Shapes: images [N,H,W,C], tokens [B,T,C]; "..." stands for any leading axes.
// Every op checks its shapes and throws InputError("[op] expects ..."). Inputs of one call share
// their storage type (f32 or f16) unless said otherwise; arithmetic is float.
#pragma once

#include <array>
#include <span>

#include "engine/graph.h"

namespace lacuna {

// y = x W + b + residual. x [...,K], weight [K,N] (input-major, see models/layout.h), bias [N] or
// none, residual
// [...,N] or none -> [...,N]. The sum is rounded to the storage type once.
Tensor linear(Tensor x, Tensor weight, Tensor bias = {}, Tensor residual = {});

struct Conv2d {
  int stride = 1;     // 1 or 2
  int pad_begin = 1;  // zeros above and to the left
  int pad_end = 1;    // zeros below and to the right
};
// x [N,H,W,C], weight [KH,KW,C,O], bias [O] or none, residual [N,H',W',O] or none -> [N,H',W',O].
Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Conv2d options = {}, Tensor residual = {});

// softmax(q k^T / sqrt(D)) v for each of `heads` slices of D = C / heads channels (Vaswani et al.
// 2017), as one kernel that never stores the Tq x Tk matrix. q [B,Tq,C], k and v [B,Tk,C] ->
// [B,Tq,C]. Causal: query i sees keys 0..i. The second output of the node is log-sum-exp of the
// scaled scores, f32 [B,heads,Tq].
Tensor attention(Tensor q, Tensor k, Tensor v, int heads, bool causal = false);

// Group norm over the channels of each of N images (Wu and He 2018), biased variance, then SiLU if
// asked for. x [N,...,C], weight and bias [C].
Tensor group_norm(Tensor x, Tensor weight, Tensor bias, int groups, float eps, bool silu = false);

// Layer norm over the last axis. weight and bias [C].
Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, float eps);

Tensor softmax(Tensor x);     // over the last axis
Tensor silu(Tensor x);        // x sigmoid(x)
Tensor gelu(Tensor x);        // x Phi(x), with erf
Tensor quick_gelu(Tensor x);  // x sigmoid(1.702 x)
// [...,2C] -> [...,C]: the first half times gelu of the second (Shazeer 2020).
Tensor geglu(Tensor x);

Tensor add(Tensor a, Tensor b);             // equal shapes
Tensor add_channel(Tensor x, Tensor bias);  // x [N,...,C] + bias [N,C]: the time embedding
Tensor scale(Tensor x, float factor);       // x * factor
Tensor concat(Tensor a, Tensor b);          // along the last axis
Tensor slice(Tensor x, int64_t begin, int64_t count);      // of the last axis
Tensor upsample(Tensor x, int64_t height, int64_t width);  // nearest neighbour, [N,H,W,C]
// Rows of `table` [V,C] by `ids` (i32 [B,T]) plus `positions` [P>=T,C] -> [B,T,C]. Ids outside the
// table give row 0: callers check them on the host.
Tensor embedding(Tensor ids, Tensor table, Tensor positions);
// `table` [V,C] with rows[r] in place of row ids[r]; rows [R,C], ids i32 [R], all different and
// inside the table: callers check them on the host. There is no gradient for the table.
Tensor replace_rows(Tensor table, Tensor ids, Tensor rows);
// x, through which no gradient goes back: PyTorch's detach().
Tensor detach(Tensor x);
// x [B,T,C], with no gradient for the first `count` tokens of each of the B.
Tensor detach_tokens(Tensor x, int64_t count);
Tensor cast(Tensor x, DType type);
// A picture's pixels [...,3], f32 from -1 to 1 -> i32 [...,1] with the bytes R, G, B, 255, the red
// one lowest: what windows show.
Tensor rgba8(Tensor x);
Tensor fill(Graph& graph, Shape shape, float value);  // f32, the same number everywhere

// Mean over all elements of weight (x - target)^2. x [N,...]; target f32 of that shape; weight f32
// over the first axes of x ([N], [N,H], [N,H,W] ...) or none. `total` is f32 [1]; `each` is the
// mean over the elements of each of the N entries, f32 [N], for logs (it has no gradient).
struct Loss {
  Tensor total, each;
};
Loss mse(Tensor x, Tensor target, Tensor weight = {});

// What updates trained parameters in place; all tensors f32.

// target += factor * x. `target` is a parameter.
void accumulate(Tensor target, Tensor x, float factor = 1);
// The L2 norm of all elements of all tensors, summed in a fixed order -> [1].
Tensor norm(std::span<const Tensor> tensors);
// One step of Adam (Kingma and Ba 2015) or, decoupled, AdamW (Loshchilov and Hutter 2019), as
// torch.optim computes it; then gradient = 0. All four are parameters of one shape. `step` is an
// input [8] that the host fills with AdamStep::numbers(). Where gradient_norm [1] is not finite,
// nothing but the gradient changes.
struct AdamStep {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double largest_norm = 0;  // 0: no clipping (torch.nn.utils.clip_grad_norm_)
  // What step t = 1, 2, ... needs, rounded once: 1 - 0.999f would have lost five digits.
  std::array<float, 8> numbers(int64_t t, bool decoupled) const;
};
struct AdamState {
  Tensor weight, moment1, moment2, gradient;
};
void adam(const AdamState& state, Tensor step, Tensor gradient_norm, bool decoupled);

}  // namespace lacuna
