#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("add" * needs_device()) {
  const auto op = [](In x) { return add(x[0], x[1]); };
  const auto reference = [](const std::vector<Values>& given) {
    Values y = given[0];
    for (size_t i = 0; i < y.size(); i++) y[i] += given[1][i];
    return y;
  };
  for (const Shape& shape : {Shape{1}, {7}, {2, 3, 4, 8}, {64, 65}, {5, 1031}})
    check({.given = {random(shape), weight(shape, 3)}, .op = op, .reference = reference});
}

TEST_CASE("add_channel" * needs_device()) {
  for (const Shape& shape : {Shape{1, 1},
                             {3, 5},
                             {2, 7, 4},
                             {2, 5, 3, 13},
                             {3, 4, 4, 64},
                             {2, 65, 320},
                             {1, 1031, 5},
                             {2, 41, 50, 8}}) {
    const int64_t images = shape[0], channels = shape.last(), pixels = shape.rows() / images;
    check({.given = {random(shape), random({images, channels})},
           .op = [](In x) { return add_channel(x[0], x[1]); },
           .reference =
               [=](const std::vector<Values>& given) {
                 Values y = given[0];
                 for (int64_t i = 0; i < shape.elements(); i++)
                   y[i] += given[1][i / (pixels * channels) * channels + i % channels];
                 return y;
               }});
  }
}

TEST_CASE("sums refuse other shapes and types") {
  CHECK(refusal([](Graph& g) {
          add(g.input("a", {2, 3}), g.input("b", {3, 2}));
        }) == "[add] expects equal shapes, not 2x3 and 3x2");
  CHECK(refusal([](Graph& g) {
          add(g.input("a", {2}), g.parameter("b", {{2}, DType::f16}, 0));
        }) == "[add] expects inputs that are all f32 or all f16, not f32 and f16");
  CHECK(refusal([](Graph& g) {
          add_channel(g.input("a", {2, 3, 4}), g.input("b", {2, 3}));
        }) == "[add_channel] expects x [N,...,C] and bias [N,C], not 2x3x4 and 2x3");
}
