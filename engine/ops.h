// The op catalogue. Shapes: images [N,H,W,C], tokens [B,T,C]; "..." stands for any leading axes.
// Every op checks its shapes and throws InputError("[op] expects ..."). Inputs of one call share
// their storage type (f32 or f16) unless said otherwise; arithmetic is float. Weights and biases of
// linear, conv2d and the norms may be f16 beside activations in f32: the result is stored as x is.
#pragma once

#include <array>
#include <span>

#include "engine/graph.h"

namespace lacuna {

// y = x W + b + residual. x [...,K], weight [K,N] (input-major, see models/layout.h), bias [N] or
// none, residual
// [...,N] or none -> [...,N]. The sum is rounded to the storage type once.
Tensor linear(Tensor x, Tensor weight, Tensor bias = {}, Tensor residual = {});

// Along the height and along the width of images; one number is for both.
struct PerAxis {
  int y, x;
  constexpr PerAxis(int both) : y(both), x(both) {}
  constexpr PerAxis(int along_height, int along_width) : y(along_height), x(along_width) {}
};
// Around images: all sides alike, `begin` (above and to the left) and `end` apart, or each side.
struct Padding {
  int top, left, bottom, right;
  constexpr Padding(int all) : Padding(all, all) {}
  constexpr Padding(int begin, int end) : Padding(begin, begin, end, end) {}
  constexpr Padding(int above, int before, int below, int behind)
      : top(above), left(before), bottom(below), right(behind) {}
};

struct Conv2d {
  PerAxis stride = 1;
  Padding padding = 1;   // with zeros
  PerAxis dilation = 1;  // pixels from one tap of the kernel to the next
  int groups = 1;        // of channels, each of which sees its own part of x; divides C and O
};
// x [N,H,W,C], weight [KH,KW,C/groups,O], bias [O] or none, residual [N,H',W',O] or none ->
// [N,H',W',O]. Dilation and groups have plain kernels, which are slow, and at most 65,000 products
// for an element of the result.
Tensor conv2d(Tensor x, Tensor weight, Tensor bias, Conv2d options = {}, Tensor residual = {});

struct Pool {
  PerAxis kernel = 2, stride = 2;
  Padding padding = 0;            // smaller than the kernel; never the largest
  bool ceil_mode = false;         // also windows that reach beyond the padding, as PyTorch counts
  bool count_include_pad = true;  // of average_pool: the padding counts as zeros
};
// The largest, or the mean, of each window of x, channel by channel. x [N,H,W,C] -> [N,H',W',C].
Tensor max_pool(Tensor x, const Pool& options);
Tensor average_pool(Tensor x, const Pool& options);

// softmax(q k^T / sqrt(D)) v for each of `heads` slices of D = C / heads channels (Vaswani et al.
// 2017), as one kernel that never stores the Tq x Tk matrix. q [B,Tq,C], k and v [B,Tk,C] ->
// [B,Tq,C]. Causal: query i sees keys 0..i. The mask, f32 [B,heads,Tq,Tk], is added to the scaled
// scores; each of its first three axes may be 1, and then serves all. -infinity (or any large
// negative number) hides a key; every query must see one. The second output of the node is
// log-sum-exp of the scores, f32 [B,heads,Tq].
Tensor attention(Tensor q, Tensor k, Tensor v, int heads, bool causal = false, Tensor mask = {});

// Group norm over the channels of each of N images (Wu and He 2018), biased variance, then SiLU if
// asked for. x [N,...,C], weight and bias [C].
Tensor group_norm(Tensor x, Tensor weight, Tensor bias, int groups, float eps, bool silu = false);

// Layer norm over the last axis. weight and bias [C].
Tensor layer_norm(Tensor x, Tensor weight, Tensor bias, float eps);

Tensor softmax(Tensor x);     // over the last axis
Tensor silu(Tensor x);        // x sigmoid(x)
Tensor gelu(Tensor x);        // x Phi(x), with erf
Tensor quick_gelu(Tensor x);  // x sigmoid(1.702 x)
Tensor relu(Tensor x);        // max(x, 0); its slope at 0 is 0
Tensor sigmoid(Tensor x);     // 1 / (1 + exp(-x))
Tensor tanh(Tensor x);
// [...,2C] -> [...,C]: the first half times gelu of the second (Shazeer 2020).
Tensor geglu(Tensor x);

Tensor add(Tensor a, Tensor b);             // equal shapes
Tensor add_channel(Tensor x, Tensor bias);  // x [N,...,C] + bias [N,C]: the time embedding
Tensor scale(Tensor x, float factor);       // x * factor
// b after a along `axis`, which counts from the back if it is negative; the other axes are equal.
Tensor concat(Tensor a, Tensor b, int axis = -1);
// Indices begin to begin + count - 1 of `axis`.
Tensor slice(Tensor x, int64_t begin, int64_t count, int axis = -1);
Tensor upsample(Tensor x, int64_t height, int64_t width);  // nearest neighbour, [N,H,W,C]
// Rows of `table` [V,C] by `ids` (i32 [B,T]) plus `positions` [P>=T,C] -> [B,T,C]. Ids outside the
// table give row 0: callers check them on the host.
Tensor embedding(Tensor ids, Tensor table, Tensor positions);
// The same as `type`, which may be f32 if both tables are f16.
Tensor embedding(Tensor ids, Tensor table, Tensor positions, DType type);
// `table` [V,C] with rows[r] in place of row ids[r]; rows [R,C], ids i32 [R], all different and
// inside the table: callers check them on the host. There is no gradient for the table.
Tensor replace_rows(Tensor table, Tensor ids, Tensor rows);
// x, through which no gradient goes back: PyTorch's detach().
Tensor detach(Tensor x);
// x [B,T,C], with no gradient for the first `count` tokens of each of the B.
Tensor detach_tokens(Tensor x, int64_t count);
Tensor cast(Tensor x, DType type);
// An image's pixels [...,3], f32 from -1 to 1 -> i32 [...,1] with the bytes R, G, B, 255, the red
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
// input [8] that the host fills with AdamStep::numbers(). If gradient_norm [1] is not finite,
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
