#include <algorithm>
#include <cmath>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

struct Sizes {
  int64_t batch, queries, keys, heads, head;
  bool causal = false;
};

// Result, and log-sum-exp of the scaled scores if asked for.
Values attention_reference(const std::vector<Values>& in, const Sizes& s, bool log_sum) {
  const int64_t width = s.heads * s.head;
  Values y(static_cast<size_t>(s.batch * s.queries * width)), logs;
  for (int64_t b = 0; b < s.batch; b++)
    for (int64_t h = 0; h < s.heads; h++)
      for (int64_t i = 0; i < s.queries; i++) {
        const double* q = &in[0][(b * s.queries + i) * width + h * s.head];
        Values scores(static_cast<size_t>(s.causal ? std::min(i + 1, s.keys) : s.keys));
        for (size_t j = 0; j < scores.size(); j++)
          for (int64_t c = 0; c < s.head; c++)
            scores[j] +=
                q[c] * in[1][(b * s.keys + j) * width + h * s.head + c] / std::sqrt(s.head);
        const double top = *std::max_element(scores.begin(), scores.end());
        double sum = 0;
        for (double& score : scores) sum += score = std::exp(score - top);
        logs.push_back(top + std::log(sum));
        for (size_t j = 0; j < scores.size(); j++)
          for (int64_t c = 0; c < s.head; c++)
            y[(b * s.queries + i) * width + h * s.head + c] +=
                scores[j] / sum * in[2][(b * s.keys + j) * width + h * s.head + c];
      }
  return log_sum ? logs : y;
}

void check_attention(const Sizes& s, double deviation = 1, Bounds bounds = {2e-6, 4e-6}) {
  const Shape q{s.batch, s.queries, s.heads * s.head}, k{s.batch, s.keys, s.heads * s.head};
  check(
      {.given = {random(q, 0, deviation), random(k), random(k)},
       .op = [=](In t) { return attention(t[0], t[1], t[2], static_cast<int>(s.heads), s.causal); },
       .reference =
           [=](const std::vector<Values>& in) { return attention_reference(in, s, false); },
       .f32 = bounds});
}

}  // namespace

TEST_CASE("attention at every edge of its blocks" * needs_device()) {
  check_attention({1, 1, 1, 1, 1});  // softmax of one score: y = v
  check_attention({1, 3, 5, 1, 3});  // odd everything
  check_attention({2, 7, 13, 3, 8});
  check_attention({1, 64, 8, 2, 16});  // exactly one group of a CPU driver and one block of keys
  check_attention({1, 65, 9, 2, 16});
  check_attention({1, 129, 31, 1, 4});  // more than one group of a GPU
  check_attention({1, 5, 1, 2, 40});
}

TEST_CASE("attention in the shapes of models" * needs_device()) {
  check_attention({1, 80, 77, 2, 40});  // prompts
  check_attention({1, 40, 77, 1, 64});
  check_attention({1, 66, 66, 2, 80});
  check_attention({1, 24, 40, 2, 160});
  check_attention({2, 256, 256, 4, 16});  // a small model
  check_attention({2, 64, 64, 4, 32});
  check_attention({1, 70, 70, 1, 512});  // the VAE's only head
  check_attention({1, 9, 9, 1, 84});     // wide, in odd slices
}

TEST_CASE("causal attention" * needs_device()) {
  check_attention({1, 1, 1, 1, 8, true});
  check_attention({2, 77, 77, 2, 64, true});  // the text encoder
  check_attention({1, 130, 130, 1, 12, true});
  check_attention({1, 9, 5, 1, 8, true});
}

TEST_CASE("attention with large scores" * needs_device()) {
  check_attention({1, 33, 65, 1, 16}, 100,
                  {2e-5, 4e-5});  // e^score overflows without the running maximum
}

TEST_CASE("attention over many keys" * needs_device()) {
  check_attention({1, 2, 16384, 1, 8}, 1, {1e-5, 1e-5});
}

TEST_CASE("attention keeps log-sum-exp for its gradient" * needs_device()) {
  const Sizes s{2, 19, 21, 3, 8};
  const Shape q{2, 19, 24}, k{2, 21, 24};
  check({.given = {random(q), random(k), random(k)},
         .op =
             [](In t) {
               attention(t[0], t[1], t[2], 3);
               return t[0].graph->nodes().back().outputs[1];
             },
         .reference =
             [=](const std::vector<Values>& in) { return attention_reference(in, s, true); }});
}

TEST_CASE("attention refuses other shapes") {
  const auto message = [](Shape q, Shape k, Shape v, int heads) {
    return refusal(
        [&](Graph& g) { attention(g.input("q", q), g.input("k", k), g.input("v", v), heads); });
  };
  CHECK(message({1, 4, 8}, {1, 5, 8}, {1, 6, 8}, 2) ==
        "[attention] expects q [B,Tq,C], k and v [B,Tk,C], not 1x4x8, 1x5x8 and 1x6x8");
  CHECK(message({2, 4, 8}, {1, 5, 8}, {1, 5, 8}, 2).starts_with("[attention] expects q"));
  CHECK(message({1, 4, 8}, {1, 5, 8}, {1, 5, 8}, 3) ==
        "[attention] expects a number of heads that divides 8 channels, not 3");
}
