// Group norm in three dispatches: moments of chunks of pixels, their merger per group, and the
// result. Outputs: y; stats f32 [N,G,2] (mean and 1 / sqrt(var + eps), for the gradient); scratch.
#include "shaders/group_norm.h"

#include <algorithm>
#include <bit>

#include "engine/ops.h"
#include "engine/ops/rows.h"
#include "shaders/kernels.h"

namespace lacuna {
namespace {

struct Options {
  int64_t groups;
  float eps;
  bool silu;
};

// Enough chunks for the largest GPU, but not so short that their moments are much to read and
// write.
int64_t chunk_of(int64_t pixels) { return std::clamp<int64_t>((pixels + 511) / 512, 32, 32768); }
int64_t chunks_of(int64_t pixels) { return (pixels + chunk_of(pixels) - 1) / chunk_of(pixels); }
int64_t pixels_of(const Shape& x) { return x.elements() / x[0] / x.last(); }

std::vector<TensorType> outputs(const Node& n) {
  expect_floats(n);
  const Shape& x = n.in(0);
  const int64_t groups = n.as<Options>().groups;
  if (x.rank() < 2 || n.in(1) != Shape{x.last()} || n.in(2) != Shape{x.last()})
    throw InputError("[group_norm] expects x [N,...,C], weight [C] and bias [C], not {}, {} and {}",
                     x.str(), n.in(1).str(), n.in(2).str());
  if (groups < 1 || x.last() % groups != 0)
    throw InputError("[group_norm] expects a number of groups that divides {} channels, not {}",
                     x.last(), groups);
  return {n.inputs[0].type,
          {{x[0], groups, 2}, DType::f32},
          {{x[0], chunks_of(pixels_of(x)), 2, x.last()}, DType::f32}};
}

void record(const Node& n, Recorder& r) {
  const Options options = n.as<Options>();
  const Shape& x = n.in(0);
  const int64_t pixels = pixels_of(x), channels = x.last() / options.groups;
  const uint32_t width = width_of(x.last());
  const auto columns = static_cast<uint32_t>(x.last() / width);
  const auto chunks = static_cast<uint32_t>(chunks_of(pixels));
  const auto push = [&](uint64_t in, uint64_t weight, uint64_t bias, uint64_t y, uint64_t moments,
                        uint64_t stats) {
    return GroupNormPush{in,
                         weight,
                         bias,
                         y,
                         moments,
                         stats,
                         static_cast<uint32_t>(x[0]),
                         static_cast<uint32_t>(pixels),
                         columns,
                         static_cast<uint32_t>(chunk_of(pixels)),
                         chunks,
                         static_cast<uint32_t>(options.groups),
                         divisor(static_cast<uint32_t>(channels)),
                         options.eps};
  };
  const uint32_t local = std::clamp(std::bit_ceil(columns), 8u, r.traits().cpu ? 16u : 64u);
  const Groups shares = {(columns + local - 1) / local, chunks, static_cast<uint32_t>(x[0])};

  r.dispatch(kernels::group_norm_moments, n.dtype(), {local, width},
             push(r.in(n, 0), 0, 0, 0, r.out(n, 2), 0), shares);

  const Rows rows(n, r, x[0] * options.groups, chunks, 2 * (channels + 1));
  r.dispatch(kernels::group_norm_stats, DType::f32, {rows.local, 1, rows.lanes},
             push(0, 0, 0, 0, r.back(n, 2), r.out(n, 1)), rows.groups());

  r.dispatch(kernels::group_norm_forward, n.dtype(), {local, width, 1, options.silu},
             push(r.in(n, 0), r.in(n, 1), r.in(n, 2), r.out(n), 0, r.back(n, 1)), shares);
}

const Op op = {"group_norm", outputs, record};

}  // namespace

Tensor group_norm(Tensor x, Tensor weight, Tensor bias, int groups, float eps, bool silu) {
  return x.graph->node(op, {x, weight, bias}, Options{groups, eps, silu});
}

}  // namespace lacuna
