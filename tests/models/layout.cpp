#include "models/layout.h"

#include <doctest/doctest.h>

#include <numeric>

using namespace lacuna;

namespace {

void round_trip(Layout layout, std::vector<int64_t> shape) {
  int64_t count = 1;
  for (int64_t size : shape) count *= size;
  std::vector<float> stored(static_cast<size_t>(count)), engine(stored.size()), back(stored.size());
  std::iota(stored.begin(), stored.end(), 1.0f);
  to_engine_layout(layout, shape, stored, engine);
  to_checkpoint_layout(layout, shape, engine, back);
  CHECK(back == stored);
}

}  // namespace

TEST_CASE("weights come back from the engine's layout unchanged") {
  round_trip(Layout::plain, {7});
  round_trip(Layout::linear, {3, 5});
  round_trip(Layout::linear, {3, 5, 1, 1});
  round_trip(Layout::conv2d, {4, 3, 3, 3});
  round_trip(Layout::conv2d, {1, 1, 3, 2});
}

TEST_CASE("a matrix is transposed, a convolution becomes taps of matrices") {
  std::vector<float> out(6), conv(8);
  to_engine_layout(Layout::linear, std::vector<int64_t>{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6},
                   out);
  CHECK(out == std::vector<float>{1, 4, 2, 5, 3, 6});
  // [out=2, in=1, 2, 2]: tap by tap, outputs side by side.
  to_engine_layout(Layout::conv2d, std::vector<int64_t>{2, 1, 2, 2},
                   std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8}, conv);
  CHECK(conv == std::vector<float>{1, 5, 2, 6, 3, 7, 4, 8});
}
