#include <algorithm>
#include <limits>

#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

// PyTorch's pooling_output_shape.
int64_t windows(int64_t size, int64_t kernel, int64_t stride, int64_t before, int64_t after,
                bool ceil_mode) {
  int64_t count = (size + before + after - kernel + (ceil_mode ? stride - 1 : 0)) / stride + 1;
  if (ceil_mode && (count - 1) * stride >= size + before) count--;
  return count;
}

Values pool_reference(const Values& in, const Shape& x, const Pool& o, bool largest) {
  const auto [top, left, bottom, right] = o.padding;
  const int64_t height = windows(x[1], o.kernel.y, o.stride.y, top, bottom, o.ceil_mode);
  const int64_t width = windows(x[2], o.kernel.x, o.stride.x, left, right, o.ceil_mode);
  Values y;
  for (int64_t n = 0; n < x[0]; n++)
    for (int64_t oy = 0; oy < height; oy++)
      for (int64_t ox = 0; ox < width; ox++)
        for (int64_t c = 0; c < x[3]; c++) {
          double most = -std::numeric_limits<double>::infinity(), sum = 0;
          int64_t pixels = 0, padded = 0;
          for (int64_t ky = 0; ky < o.kernel.y; ky++)
            for (int64_t kx = 0; kx < o.kernel.x; kx++) {
              const int64_t iy = oy * o.stride.y - top + ky, ix = ox * o.stride.x - left + kx;
              if (iy < x[1] + bottom && ix < x[2] + right) padded++;
              if (iy < 0 || iy >= x[1] || ix < 0 || ix >= x[2]) continue;
              const double v = in[((n * x[1] + iy) * x[2] + ix) * x[3] + c];
              most = std::max(most, v);
              sum += v;
              pixels++;
            }
          y.push_back(largest ? most
                              : sum / static_cast<double>(o.count_include_pad ? padded : pixels));
        }
  return y;
}

// Numbers that all differ, also as halves, by more than the steps of central differences: a window
// with two equal largest numbers has no slope.
Given distinct(const Shape& shape) {
  constexpr int64_t prime = 2039;
  REQUIRE(shape.elements() < prime);
  Values values;
  for (int64_t i = 0; i < shape.elements(); i++)
    values.push_back((static_cast<double>((i + 1) * 787 % prime) - prime / 2) / 64);
  return fixed(shape, std::move(values));
}

void check_max(const Shape& x, Pool o) {
  check({.given = {distinct(x)},
         .op = [=](In t) { return max_pool(t[0], o); },
         .reference =
             [=](const std::vector<Values>& in) { return pool_reference(in[0], x, o, true); },
         .f32 = {0, 0},
         .f16 = {0, 0}});
}

void check_average(const Shape& x, Pool o) {
  for (const bool counted : {true, false}) {
    o.count_include_pad = counted;
    check({.given = {random(x)},
           .op = [=](In t) { return average_pool(t[0], o); },
           .reference =
               [=](const std::vector<Values>& in) { return pool_reference(in[0], x, o, false); }});
  }
}

void check_both(const Shape& x, const Pool& o) {
  check_max(x, o);
  check_average(x, o);
}

}  // namespace

TEST_CASE("pools of one size" * needs_device()) {
  check_both({1, 1, 1, 1}, {.kernel = 1, .stride = 1});
  check_both({1, 2, 2, 1}, {.kernel = 2, .stride = 2});
  check_both({2, 7, 5, 3}, {.kernel = 3, .stride = 2});
  check_both({1, 9, 9, 8}, {.kernel = 3, .stride = 1, .padding = 1});
  check_both({1, 8, 8, 16}, {.kernel = 3, .stride = 2, .padding = 1});  // ResNet's first
  check_both({2, 8, 8, 12}, {.kernel = 8, .stride = 8});                // of the whole image
  check_both({1, 5, 6, 64}, {.kernel = 2, .stride = 2});                // an invocation's 64 and 65
  check_both({1, 2, 13, 65}, {.kernel = 2, .stride = 1});
}

TEST_CASE("pools of every shape" * needs_device()) {
  check_both({1, 6, 9, 4}, {.kernel = {2, 3}, .stride = {1, 2}, .padding = {1, 0, 0, 2}});
  check_both({2, 5, 7, 5}, {.kernel = {1, 4}, .stride = {3, 1}, .padding = {0, 3, 0, 1}});
  check_both({1, 11, 1, 4}, {.kernel = {5, 1}, .stride = {2, 1}, .padding = {2, 0, 4, 0}});
}

TEST_CASE("pools in ceil mode" * needs_device()) {
  check_both({1, 6, 6, 4}, {.kernel = 3, .stride = 2, .ceil_mode = true});  // SqueezeNet's
  check_both({1, 5, 8, 3}, {.kernel = 3, .stride = 2, .padding = 1, .ceil_mode = true});
  check_both({1, 7, 5, 4}, {.kernel = 2, .stride = 3, .padding = 1, .ceil_mode = true});
}

TEST_CASE("the first of equal largest numbers takes the gradient" * needs_device()) {
  // Two windows; in the first one two are equal, in the second one all.
  check({.given = {fixed({1, 2, 4, 1}, {1, 5, 3, 3, 5, 0, 3, 3})},
         .op =
             [](In t) {
               const Tensor y = max_pool(t[0], {.kernel = 2, .stride = 2});
               return gradients(y, fill(*t[0].graph, y.shape(), 2), t)[0];
             },
         .reference = [](const std::vector<Values>&) { return Values{0, 2, 2, 0, 0, 0, 0, 0}; },
         .f32 = {0, 0},
         .gradient = false});
}

TEST_CASE("pools refuse what makes no window") {
  const auto message = [](Shape x, const Pool& o) {
    return refusal([&](Graph& g) { max_pool(g.input("x", x), o); });
  };
  CHECK(message({4, 4, 3}, {.kernel = 2, .stride = 2}) ==
        "[max_pool] expects x [N,H,W,C], not 4x4x3");
  CHECK(
      message({1, 2, 4, 3}, {.kernel = 3, .stride = 2}).starts_with("[max_pool] expects strides"));
  CHECK(
      message({1, 4, 4, 3}, {.kernel = 2, .stride = 0}).starts_with("[max_pool] expects strides"));
  CHECK(message({1, 4, 4, 3}, {.kernel = 2, .stride = 1, .padding = 2})
            .starts_with("[max_pool] expects strides"));
  CHECK(refusal([](Graph& g) {
          const Pool whole{.kernel = 300};
          g.output("y", average_pool(g.input("x", {1, 300, 300, 1}), whole));
        }) == "[average_pool] expects windows of fewer pixels than 300x300");
}
