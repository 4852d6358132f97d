#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Values silu_reference(const std::vector<Values>& given) {
  Values y;
  for (double x : given[0]) y.push_back(x / (1 + std::exp(-x)));
  return y;
}

}  // namespace

TEST_CASE("silu" * needs_device()) {
  const auto op = [](In x) { return silu(x[0]); };
  check({.given = {random({2, 7})}, .op = op, .reference = silu_reference});
}
