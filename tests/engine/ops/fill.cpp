#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("fill" * needs_device()) {
  for (const Shape& shape : {Shape{1}, Shape{7}, Shape{4, 64}, Shape{257}}) {
    Graph g;
    g.output("result", fill(g, shape, -2.5f));
    Plan plan(device(), g);
    run(plan);
    const std::vector<float> result = plan.get("result");
    CHECK(result == std::vector<float>(static_cast<size_t>(shape.elements()), -2.5f));
  }
}
