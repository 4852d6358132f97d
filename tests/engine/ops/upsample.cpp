#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("upsample" * needs_device()) {
  struct Case {
    Shape x;
    int64_t height, width;
  };
  // Doubling, odd sizes (a latent of 9x13 after three halvings and back), the same size, fewer
  // pixels.
  for (const auto& [x, height, width] : {Case{{1, 1, 1, 1}, 1, 1},
                                         {{2, 4, 4, 8}, 8, 8},
                                         {{1, 3, 5, 3}, 5, 9},
                                         {{2, 7, 2, 4}, 7, 2},
                                         {{1, 5, 7, 12}, 3, 4},
                                         {{1, 3, 3, 320}, 7, 64},
                                         {{3, 1, 2, 5}, 97, 89},
                                         {{2, 1, 1, 2048}, 70, 60}})
    check({.given = {random(x)},
           .op = [height = height, width = width](In t) { return upsample(t[0], height, width); },
           .reference =
               [x = x, height = height, width = width](const std::vector<Values>& given) {
                 Values y;
                 for (int64_t n = 0; n < x[0]; n++)
                   for (int64_t h = 0; h < height; h++)
                     for (int64_t w = 0; w < width; w++)
                       for (int64_t c = 0; c < x[3]; c++)
                         y.push_back(
                             given[0][((n * x[1] + h * x[1] / height) * x[2] + w * x[2] / width) *
                                          x[3] +
                                      c]);
                 return y;
               },
           .f32 = {0, 0},
           .f16 = {0, 0}});
}

TEST_CASE("upsample refuses what is not an image") {
  CHECK(refusal([](Graph& g) {
          upsample(g.input("x", {4, 4, 3}), 8, 8);
        }).starts_with("[upsample] expects"));
  CHECK(refusal([](Graph& g) {
          upsample(g.input("x", {1, 4, 4, 3}), 0, 8);
        }).starts_with("[upsample] expects"));
  CHECK(refusal([](Graph& g) {
          upsample(g.input("x", {1, 4, 4, 3}), 8, 40000);
        }).starts_with("[upsample] expects"));
}
