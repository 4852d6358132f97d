#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

Given fixed_ids(Shape shape, Values values) {
  Given given = fixed(shape, std::move(values));
  given.ids = 1 << 20;
  return given;
}

Values embedding_reference(const std::vector<Values>& given, int64_t rows, int64_t tokens,
                           int64_t columns) {
  Values y;
  for (size_t i = 0; i < given[0].size(); i++) {
    const int64_t id = static_cast<int64_t>(given[0][i]);
    const int64_t row = id >= 0 && id < rows ? id : 0;
    for (int64_t c = 0; c < columns; c++)
      y.push_back(given[1][row * columns + c] + given[2][i % tokens * columns + c]);
  }
  return y;
}

void check_embedding(const Given& ids, int64_t rows, int64_t positions, int64_t columns) {
  const int64_t tokens = ids.shape[1];
  check({.given = {ids, weight({rows, columns}), weight({positions, columns}, 1)},
         .op = [](In x) { return embedding(x[0], x[1], x[2]); },
         .reference =
             [=](const std::vector<Values>& given) {
               return embedding_reference(given, rows, tokens, columns);
             }});
}

}  // namespace

TEST_CASE("embedding" * needs_device()) {
  check_embedding(ids({1, 1}, 1), 1, 1, 1);
  check_embedding(ids({2, 7}, 11), 11, 7, 5);
  check_embedding(ids({3, 77}, 500), 500, 77, 64);
  check_embedding(ids({2, 5}, 13), 13, 9, 8);
}

TEST_CASE("embedding of tables in f16 as f32" * needs_device()) {
  for (const int64_t columns : {5, 64})
    check({.given = {ids({2, 7}, 11), weight({11, columns}), weight({7, columns}, 1)},
           .op = [](In x) { return embedding(x[0], x[1], x[2], DType::f32); },
           .reference =
               [=](const std::vector<Values>& given) {
                 return embedding_reference(given, 11, 7, columns);
               },
           .types = {KernelTypes(DType::f32, DType::f16)}});
}

TEST_CASE("embedding gives row 0 for ids outside the table" * needs_device()) {
  check_embedding(fixed_ids({1, 4}, {-1, 5, 2147483647, 4}), 5, 4, 4);
}

TEST_CASE("embedding sums the gradients of an id that occurs often" * needs_device()) {
  check_embedding(ids({8, 77}, 3), 29, 80, 64);
  check_embedding(fixed_ids({2, 4}, {1, 1, 1, 1, 1, 1, 1, 1}), 3, 4, 5);
}

TEST_CASE("embedding refuses other shapes and types") {
  const auto message = [](DType ids, Shape positions) {
    return refusal([&](Graph& g) {
      embedding(g.input("ids", {2, 7}, ids), g.input("table", {11, 4}),
                g.input("positions", positions));
    });
  };
  CHECK(message(DType::f32, {7, 4}).starts_with("[embedding] expects ids in i32"));
  CHECK(message(DType::i32, {6, 4}).starts_with("[embedding] expects ids [B,T]"));
  CHECK(refusal([](Graph& g) {
          embedding(g.input("ids", {2, 7}, DType::i32), g.input("table", {11, 4}),
                    g.input("positions", {7, 4}), DType::f16);
        }) == "[embedding] expects to make f32 of tables in f32, not f16");
  CHECK(message(DType::i32, {7, 5}).starts_with("[embedding] expects ids [B,T]"));
}
