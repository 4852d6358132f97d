#include "models/program.h"

#include <doctest/doctest.h>

#include "engine/ops.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("a program compiles each key once while few are in use" * needs_device()) {
  std::vector<int64_t> traced;
  Program<int64_t> program(device(), [&](Graph& g, int64_t rows) {
    traced.push_back(rows);
    g.output("y", scale(g.input("x", {rows, 8}), 2));
  });
  CHECK(program.last() == nullptr);
  for (int i = 0; i < 3; i++)
    for (const int64_t rows : {2, 3}) {
      Plan& plan = program.plan(rows);
      CHECK(program.last() == &plan);
      plan.set("x", std::vector<float>(static_cast<size_t>(rows * 8), 1.5f));
      plan.run();
      CHECK(plan.get("y") == std::vector<float>(static_cast<size_t>(rows * 8), 3));
    }
  CHECK(traced == std::vector<int64_t>{2, 3});
  for (const int64_t rows : {4, 5, 3, 2}) program.plan(rows);
  CHECK(traced == std::vector<int64_t>{2, 3, 4, 5, 2});  // 2 was used longest ago
  program.clear();
  CHECK(program.last() == nullptr);
}
