#include "base/tensors/half.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values same(const std::vector<Values>& given) { return given[0]; }

}  // namespace

TEST_CASE("cast widens exactly and rounds to nearest" * needs_device()) {
  if (!device().traits().storage16) {
    MESSAGE("skipped: f16 storage, which this device does not have");
    return;
  }
  for (const Shape& shape : {Shape{1}, {4}, {7, 3}, {3, 1024, 5}, {2, 4096}}) {
    check({.given = {random(shape, 0, 50)},
           .op = [](In x) { return cast(x[0], DType::f32); },
           .reference = same,
           .f32 = {0, 0},
           .types = {DType::f16}});
    check({.given = {random(shape, 0, 50)},
           .op = [](In x) { return cast(x[0], DType::f16); },
           .reference = same,
           .types = {DType::f32}});
  }
  // Exact in f16: the largest number, the smallest normal and subnormal ones.
  check({.given = {fixed({5}, {0, 65504, -0x1p-14, 0x1p-24, -2048})},
         .op = [](In x) { return cast(cast(x[0], DType::f16), DType::f32); },
         .reference = same,
         .f32 = {0, 0},
         .types = {DType::f32}});
}

TEST_CASE("cast to the same type costs nothing, and whole numbers are refused") {
  Graph g;
  cast(g.input("x", {2}), DType::f32);
  CHECK(g.nodes().empty());
  CHECK(
      refusal([](Graph& g) { cast(g.input("x", {2}), DType::i32); }).starts_with("[cast] expects"));
  CHECK(refusal([](Graph& g) {
          cast(g.input("x", {2}, DType::i32), DType::f32);
        }).starts_with("[cast] expects"));
}
