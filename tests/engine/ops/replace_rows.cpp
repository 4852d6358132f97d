#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

void check_rows(int64_t count, int64_t columns, Values ids) {
  const auto rows = static_cast<int64_t>(ids.size());
  Given numbers = fixed({rows}, std::move(ids));
  numbers.ids = 1 << 20;
  check({.given = {constant(weight({count, columns})), numbers, weight({rows, columns}, 1)},
         .op = [](In x) { return replace_rows(x[0], x[1], x[2]); },
         .reference =
             [=](const std::vector<Values>& given) {
               Values y = given[0];
               for (size_t r = 0; r < given[1].size(); r++)
                 for (int64_t c = 0; c < columns; c++)
                   y[static_cast<size_t>(given[1][r] * static_cast<double>(columns)) + c] =
                       given[2][r * columns + c];
               return y;
             },
         .f32 = {0, 0},
         .f16 = {0, 0}});
}

}  // namespace

TEST_CASE("replace_rows" * needs_device()) {
  check_rows(1, 1, {0});
  check_rows(11, 5, {10, 0, 3});
  check_rows(500, 64, {499, 77, 78, 0, 255});
  check_rows(7, 8, {6, 5, 4, 3, 2, 1, 0});
}

TEST_CASE("replace_rows refuses other shapes and types") {
  const auto message = [](DType ids, Shape rows) {
    return refusal([&](Graph& g) {
      replace_rows(g.input("table", {11, 4}), g.input("ids", {2}, ids), g.input("rows", rows));
    });
  };
  CHECK(message(DType::f32, {2, 4}).starts_with("[replace_rows] expects ids in i32"));
  CHECK(message(DType::i32, {3, 4}).starts_with("[replace_rows] expects table [V,C]"));
  CHECK(message(DType::i32, {2, 5}).starts_with("[replace_rows] expects table [V,C]"));
}
