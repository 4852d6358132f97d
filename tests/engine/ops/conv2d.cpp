#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values conv2d_reference(const std::vector<Values>& in, const Shape& x, const Shape& w, Conv2d o) {
  const int64_t height = (x[1] + o.pad_begin + o.pad_end - w[0]) / o.stride + 1;
  const int64_t width = (x[2] + o.pad_begin + o.pad_end - w[1]) / o.stride + 1;
  Values y;
  for (int64_t n = 0; n < x[0]; n++)
    for (int64_t oy = 0; oy < height; oy++)
      for (int64_t ox = 0; ox < width; ox++)
        for (int64_t out = 0; out < w[3]; out++) {
          double sum = in.size() > 2 ? in[2][out] : 0;
          for (int64_t ky = 0; ky < w[0]; ky++)
            for (int64_t kx = 0; kx < w[1]; kx++) {
              const int64_t iy = oy * o.stride - o.pad_begin + ky,
                            ix = ox * o.stride - o.pad_begin + kx;
              if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
              for (int64_t c = 0; c < x[3]; c++)
                sum += in[0][((n * x[1] + iy) * x[2] + ix) * x[3] + c] *
                       in[1][((ky * w[1] + kx) * w[2] + c) * w[3] + out];
            }
          y.push_back(sum);
        }
  return y;
}

void check_conv2d(const Shape& x, int64_t size, int64_t out, Conv2d options, bool bias = true) {
  const Shape w{size, size, x[3], out};
  std::vector<Given> given = {random(x), weight(w)};
  if (bias) given.push_back(weight({out}));
  check({.given = given,
         .op = [=](In t) { return conv2d(t[0], t[1], bias ? t[2] : Tensor{}, options); },
         .reference =
             [=](const std::vector<Values>& in) { return conv2d_reference(in, x, w, options); }});
}

// The composition of conv2d and add is the oracle of the residual, which conv2d adds before it
// rounds.
void check_residual(const Shape& x, int64_t out, Conv2d o) {
  const Shape w{3, 3, x[3], out};
  const Shape y{x[0], (x[1] + o.pad_begin + o.pad_end - 3) / o.stride + 1,
                (x[2] + o.pad_begin + o.pad_end - 3) / o.stride + 1, out};
  check({.given = {random(x), weight(w), weight({out}), random(y)},
         .op = [=](In t) { return conv2d(t[0], t[1], t[2], o, t[3]); },
         .reference =
             [=](const std::vector<Values>& in) {
               Values sum = conv2d_reference({in[0], in[1], in[2]}, x, w, o);
               for (size_t i = 0; i < sum.size(); i++) sum[i] += in[3][i];
               return sum;
             }});
}

}  // namespace

TEST_CASE("conv2d at every edge of its tiles" * needs_device()) {
  check_conv2d({1, 1, 1, 1}, 1, 1, {1, 0, 0});
  check_conv2d({1, 1, 1, 1}, 3, 1, {});  // all but one tap in the padding
  check_conv2d({2, 3, 5, 3}, 3, 7, {});  // odd everything
  check_conv2d({1, 4, 4, 16}, 3, 128, {});
  check_conv2d({1, 17, 1, 17}, 3, 129, {});
  check_conv2d({3, 8, 8, 4}, 3, 64, {}, false);  // in: a latent
  check_conv2d({1, 9, 7, 64}, 3, 4, {});         // out: a latent
  check_conv2d({1, 9, 7, 64}, 3, 3, {});         // out: an image
}

TEST_CASE("conv2d with stride, padding and kernels of all kinds" * needs_device()) {
  check_conv2d({2, 8, 8, 32}, 3, 32, {2, 1, 1});
  check_conv2d({1, 9, 7, 6}, 3, 10, {2, 1, 1});
  check_conv2d({1, 8, 8, 8}, 3, 8, {2, 0, 1});  // as the VAE's encoder pads
  check_conv2d({1, 7, 9, 5}, 3, 5, {2, 0, 1});
  check_conv2d({2, 5, 6, 20}, 1, 36, {1, 0, 0});
  check_conv2d({1, 6, 6, 3}, 3, 4, {1, 0, 0});
  check_conv2d({1, 16, 16, 3}, 8, 24, {8, 0, 0}, false);  // patches of a vision transformer
}

TEST_CASE("conv2d in the shapes of models" * needs_device()) {
  check_conv2d({2, 16, 16, 64}, 3, 64, {});
  check_conv2d({2, 8, 8, 128}, 3, 128, {});
  check_conv2d({1, 33, 32, 8}, 3, 520, {});  // many rows and columns: the larger tile of a GPU
}

TEST_CASE("conv2d with a depth of several chunks" * needs_device()) {
  check_conv2d({1, 5, 4, 150}, 3, 12, {});  // chunks begin inside a tap
  check_conv2d({2, 8, 9, 160}, 3, 8, {});   // lanes along the rows
  check_residual({1, 4, 4, 160}, 132, {});
}

TEST_CASE("conv2d refuses other shapes") {
  const auto message = [](Shape x, Shape w, Conv2d o) {
    return refusal([&](Graph& g) { conv2d(g.input("x", x), g.input("w", w), {}, o); });
  };
  CHECK(message({1, 4, 4, 3}, {3, 3, 4, 8}, {}) ==
        "[conv2d] expects x [N,H,W,C], weight [KH,KW,C,O] and bias [O], not 1x4x4x3, 3x3x4x8 and "
        "none");
  CHECK(message({4, 4, 3}, {3, 3, 3, 8}, {}).starts_with("[conv2d] expects x"));
  CHECK(message({1, 2, 2, 3}, {3, 3, 3, 8}, {1, 0, 0}).starts_with("[conv2d] expects an image"));
  CHECK(message({1, 4, 4, 3}, {3, 3, 3, 8}, {0, 1, 1}).starts_with("[conv2d] expects an image"));
}

TEST_CASE("conv2d with a residual" * needs_device()) {
  check_residual({2, 3, 5, 3}, 7, {});
  check_residual({1, 9, 7, 64}, 4, {});
  check_residual({2, 16, 16, 32}, 64, {});
  check_residual({1, 9, 7, 6}, 10, {2, 1, 1});
  check_residual({1, 33, 32, 8}, 520, {});
}
