#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Shape result_of(const Shape& x, const Shape& w, const Conv2d& o) {
  const auto [top, left, bottom, right] = o.padding;
  return {x[0], (x[1] + top + bottom - (w[0] - 1) * o.dilation.y - 1) / o.stride.y + 1,
          (x[2] + left + right - (w[1] - 1) * o.dilation.x - 1) / o.stride.x + 1, w[3]};
}

Values conv2d_reference(const std::vector<Values>& in, const Shape& x, const Shape& w,
                        const Conv2d& o) {
  const Shape size = result_of(x, w, o);
  const int64_t each = w[3] / o.groups;  // channels of y in a group
  Values y;
  for (int64_t n = 0; n < x[0]; n++)
    for (int64_t oy = 0; oy < size[1]; oy++)
      for (int64_t ox = 0; ox < size[2]; ox++)
        for (int64_t out = 0; out < w[3]; out++) {
          double sum = in.size() > 2 ? in[2][out] : 0;
          for (int64_t ky = 0; ky < w[0]; ky++)
            for (int64_t kx = 0; kx < w[1]; kx++) {
              const int64_t iy = oy * o.stride.y - o.padding.top + ky * o.dilation.y,
                            ix = ox * o.stride.x - o.padding.left + kx * o.dilation.x;
              if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
              for (int64_t c = 0; c < w[2]; c++)
                sum += in[0][((n * x[1] + iy) * x[2] + ix) * x[3] + out / each * w[2] + c] *
                       in[1][((ky * w[1] + kx) * w[2] + c) * w[3] + out];
            }
          y.push_back(sum);
        }
  return y;
}

// A kernel of any shape.
void check_kernel(const Shape& x, const Shape& w, const Conv2d& o, bool bias = true,
                  std::vector<KernelTypes> types = {DType::f32, DType::f16}) {
  std::vector<Given> given = {random(x), weight(w)};
  if (bias) given.push_back(weight({w[3]}));
  check({.given = given,
         .op = [=](In t) { return conv2d(t[0], t[1], bias ? t[2] : Tensor{}, o); },
         .reference = [=](const std::vector<Values>& in) { return conv2d_reference(in, x, w, o); },
         .types = std::move(types)});
}

void check_conv2d(const Shape& x, int64_t size, int64_t out, Conv2d options, bool bias = true) {
  check_kernel(x, {size, size, x[3], out}, options, bias);
}

// The composition of conv2d and add is the oracle of the residual, which conv2d adds before it
// rounds.
void check_residual(const Shape& x, int64_t out, Conv2d o) {
  const Shape w{3, 3, x[3] / o.groups, out}, y = result_of(x, w, o);
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
  check_conv2d({1, 1, 1, 1}, 1, 1, {.padding = 0});
  check_conv2d({1, 1, 1, 1}, 3, 1, {});  // all but one tap in the padding
  check_conv2d({2, 3, 5, 3}, 3, 7, {});  // odd everything
  check_conv2d({1, 4, 4, 16}, 3, 128, {});
  check_conv2d({1, 17, 1, 17}, 3, 129, {});
  check_conv2d({3, 8, 8, 4}, 3, 64, {}, false);  // in: a latent
  check_conv2d({1, 9, 7, 64}, 3, 4, {});         // out: a latent
  check_conv2d({1, 9, 7, 64}, 3, 3, {});         // out: an image
}

TEST_CASE("conv2d with stride, padding and kernels of all kinds" * needs_device()) {
  check_conv2d({2, 8, 8, 32}, 3, 32, {.stride = 2});
  check_conv2d({1, 9, 7, 6}, 3, 10, {.stride = 2});
  check_conv2d({1, 8, 8, 8}, 3, 8, {.stride = 2, .padding = {0, 1}});  // as the VAE's encoder pads
  check_conv2d({1, 7, 9, 5}, 3, 5, {.stride = 2, .padding = {0, 1}});
  check_conv2d({2, 5, 6, 20}, 1, 36, {.padding = 0});
  check_conv2d({1, 6, 6, 3}, 3, 4, {.padding = 0});
  check_conv2d({1, 16, 16, 3}, 8, 24, {.stride = 8, .padding = 0},
               false);  // patches of a vision transformer
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
        "[conv2d] expects x [N,H,W,C], weight [KH,KW,C/groups,O] and bias [O] with groups that "
        "divide C and O, not 1x4x4x3, 3x3x4x8, none and 1 groups");
  CHECK(message({1, 4, 4, 6}, {3, 3, 3, 7}, {.groups = 2}).starts_with("[conv2d] expects x"));
  CHECK(message({1, 4, 4, 3}, {3, 3, 3, 8}, {.padding = {1, 0, 1, -1}})
            .starts_with("[conv2d] expects an image"));
  CHECK(
      message({1, 4, 9, 3}, {3, 3, 3, 8}, {.padding = 0, .dilation = 2}) ==
      "[conv2d] expects an image not smaller than the kernel, not 1x4x9x3 for 3x3x3x8 with stride "
      "1x1, padding 0, 0, 0, 0 and dilation 2x2");
  CHECK(refusal([](Graph& g) {
          g.output("y", conv2d(g.input("x", {1, 1, 1, 65001}), g.input("w", {1, 1, 65001, 1}), {},
                               {.padding = 0, .dilation = 2}));
        }).starts_with("[conv2d] expects at most 65000 products"));
  CHECK(message({4, 4, 3}, {3, 3, 3, 8}, {}).starts_with("[conv2d] expects x"));
  CHECK(
      message({1, 2, 2, 3}, {3, 3, 3, 8}, {.padding = 0}).starts_with("[conv2d] expects an image"));
  CHECK(
      message({1, 4, 4, 3}, {3, 3, 3, 8}, {.stride = 0}).starts_with("[conv2d] expects an image"));
}

TEST_CASE("conv2d with a residual" * needs_device()) {
  check_residual({2, 3, 5, 3}, 7, {});
  check_residual({1, 9, 7, 64}, 4, {});
  check_residual({2, 16, 16, 32}, 64, {});
  check_residual({1, 9, 7, 6}, 10, {.stride = 2});
  check_residual({1, 33, 32, 8}, 520, {});
}

TEST_CASE("conv2d with kernels, strides and padding of each axis" * needs_device()) {
  check_kernel({1, 7, 9, 8}, {1, 7, 8, 12}, {.padding = {0, 3, 0, 3}});  // as Inception's
  check_kernel({2, 9, 5, 5}, {7, 1, 5, 3}, {.padding = {3, 0, 3, 0}});
  check_kernel({1, 8, 11, 3}, {2, 5, 3, 7}, {.stride = {1, 3}, .padding = {1, 0, 0, 2}});
  check_kernel({2, 11, 4, 16}, {3, 2, 16, 128}, {.stride = {2, 1}, .padding = {0, 1, 2, 0}});
  check_kernel({1, 10, 9, 16}, {1, 1, 16, 20}, {.stride = 2, .padding = 0});  // ResNet's shortcut
  check_kernel({1, 11, 11, 3}, {5, 5, 3, 8}, {.stride = 4, .padding = 2});    // AlexNet's first
}

TEST_CASE("conv2d with dilation" * needs_device()) {
  check_kernel({1, 1, 1, 1}, {1, 1, 1, 1}, {.padding = 0, .dilation = 3});
  check_kernel({2, 7, 8, 3}, {3, 3, 3, 7}, {.padding = 2, .dilation = 2});
  check_kernel({1, 9, 13, 4}, {2, 3, 4, 8},
               {.stride = {2, 1}, .padding = {1, 4, 0, 3}, .dilation = {3, 2}});
  check_kernel({1, 8, 8, 16}, {3, 3, 16, 64}, {.stride = 2, .padding = 2, .dilation = 2}, false);
  check_residual({1, 5, 13, 5}, 65, {.padding = 2, .dilation = 2});
}

TEST_CASE("conv2d with groups" * needs_device()) {
  check_kernel({1, 1, 1, 2}, {1, 1, 1, 2}, {.padding = 0, .groups = 2});
  check_kernel({2, 7, 5, 13}, {3, 3, 1, 13}, {.groups = 13});             // depthwise
  check_kernel({1, 6, 6, 8}, {3, 3, 1, 32}, {.stride = 2, .groups = 8});  // with a multiplier
  check_kernel({1, 8, 9, 64}, {3, 3, 16, 64}, {.groups = 4});             // ResNeXt's
  check_kernel({1, 5, 7, 6}, {3, 2, 3, 10}, {.padding = {0, 1, 2, 1}, .groups = 2}, false);
  check_kernel({1, 9, 9, 65 * 2}, {3, 3, 65, 8}, {.padding = 2, .dilation = 2, .groups = 2});
  check_residual({2, 4, 4, 12}, 20, {.groups = 4});
}

TEST_CASE("plain convolutions sum the gradient of the weight in parts" * needs_device()) {
  check_kernel({1, 67, 130, 2}, {3, 3, 1, 4}, {.groups = 2}, true, {DType::f32});
}

TEST_CASE("conv2d with weights in f16 and activations in f32" * needs_device()) {
  const std::vector<KernelTypes> types = {KernelTypes(DType::f32, DType::f16)};
  check_kernel({1, 17, 3, 17}, {3, 3, 17, 129}, {}, true, types);
  check_kernel({2, 8, 9, 20}, {3, 3, 20, 8}, {.stride = 2}, true, types);
  check_kernel({1, 5, 4, 150}, {3, 3, 150, 12}, {}, true, types);  // several chunks
  check_kernel({1, 8, 9, 16}, {3, 3, 8, 12}, {.groups = 2}, true, types);
}
