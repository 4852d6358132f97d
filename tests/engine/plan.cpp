#include "engine/plan.h"

#include <doctest/doctest.h>

#include <cmath>

#include "engine/ops.h"

using namespace lacuna;

TEST_CASE("silu runs") {
  auto device = Device::open({.validation = true});
  Graph g;
  Tensor x = g.input("x", {5});
  g.output("y", silu(x));
  Plan plan(*device, g);
  plan.set("x", std::vector<float>{-2, -1, 0, 1, 2});
  plan.run();
  auto y = plan.get("y");
  for (int i = 0; i < 5; i++) CHECK(y[i] == doctest::Approx((i - 2) / (1 + std::exp(2.0 - i))).epsilon(1e-6));
  for (auto& m : device->validation_messages()) MESSAGE(m);
  CHECK(device->validation_messages().empty());
}
