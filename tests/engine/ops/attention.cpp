#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/gradients.h"
#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

struct Sizes {
  int64_t batch, queries, keys, heads, head;
  bool causal = false;
  Shape mask = {};  // of the fourth tensor given, if there is one
};

// The channels of a head in a row of q (or y), and of k (or v).
struct Rows {
  const Sizes& s;
  int64_t batch, head;
  size_t query(int64_t i) const { return at(batch * s.queries + i); }
  size_t key(int64_t j) const { return at(batch * s.keys + j); }
  size_t at(int64_t row) const { return static_cast<size_t>((row * s.heads + head) * s.head); }
};

double dot(const double* a, const double* b, int64_t count) {
  double sum = 0;
  for (int64_t c = 0; c < count; c++) sum += a[c] * b[c];
  return sum;
}

void add_multiple(double* to, double factor, const double* x, int64_t count) {
  for (int64_t c = 0; c < count; c++) to[c] += factor * x[c];
}

// What the mask adds to a score.
double mask_of(const Values& mask, const Sizes& s, int64_t batch, int64_t head, int64_t i,
               int64_t j) {
  const int64_t at[3] = {batch, head, i};
  int64_t row = 0;
  for (int axis = 0; axis < 3; axis++)
    row = row * s.mask[axis] + (s.mask[axis] == 1 ? 0 : at[axis]);
  return mask[static_cast<size_t>(row * s.keys + j)];
}

// Probabilities of the keys that query i sees; returns log-sum-exp of their scores.
double softmax_of(const std::vector<Values>& in, const Rows& rows, int64_t i, Values& scores) {
  const Sizes& s = rows.s;
  scores.resize(static_cast<size_t>(s.causal ? std::min(i + 1, s.keys) : s.keys));
  const double scale = 1 / std::sqrt(s.head);
  for (size_t j = 0; j < scores.size(); j++)
    scores[j] =
        scale * dot(&in[0][rows.query(i)], &in[1][rows.key(static_cast<int64_t>(j))], s.head) +
        (s.mask.rank() > 0 ? mask_of(in[3], s, rows.batch, rows.head, i, static_cast<int64_t>(j))
                           : 0);
  const double top = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) sum += score = std::exp(score - top);
  for (double& score : scores) score /= sum;
  return top + std::log(sum);
}

// Result, or log-sum-exp of the scaled scores if asked for.
Values attention_reference(const std::vector<Values>& in, const Sizes& s, bool log_sum) {
  Values y(in[0].size(), 0), logs, p;
  for (int64_t b = 0; b < s.batch; b++)
    for (int64_t h = 0; h < s.heads; h++)
      for (int64_t i = 0; i < s.queries; i++) {
        const Rows rows{s, b, h};
        logs.push_back(softmax_of(in, rows, i, p));
        for (size_t j = 0; j < p.size(); j++)
          add_multiple(&y[rows.query(i)], p[j], &in[2][rows.key(static_cast<int64_t>(j))], s.head);
      }
  return log_sum ? logs : y;
}

// Gradients of q, k and v; the fourth input is that of the result. As formulas, because central
// differences take long at the sizes of models.
std::vector<Values> gradient_reference(const std::vector<Values>& in, const Sizes& s) {
  std::vector<Values> d = {Values(in[0].size()), Values(in[1].size()), Values(in[1].size())};
  const double scale = 1 / std::sqrt(s.head);
  Values p, dp;
  for (int64_t b = 0; b < s.batch; b++)
    for (int64_t h = 0; h < s.heads; h++)
      for (int64_t i = 0; i < s.queries; i++) {
        const Rows rows{s, b, h};
        const size_t q = rows.query(i);
        softmax_of(in, rows, i, p);
        dp.resize(p.size());
        double mean = 0;
        for (size_t j = 0; j < p.size(); j++) {
          dp[j] = dot(&in[3][q], &in[2][rows.key(static_cast<int64_t>(j))], s.head);
          mean += p[j] * dp[j];
        }
        for (size_t j = 0; j < p.size(); j++) {
          const size_t k = rows.key(static_cast<int64_t>(j));
          const double ds = scale * p[j] * (dp[j] - mean);
          add_multiple(&d[0][q], ds, &in[1][k], s.head);
          add_multiple(&d[1][k], ds, &in[0][q], s.head);
          add_multiple(&d[2][k], p[j], &in[3][q], s.head);
        }
      }
  return d;
}

Tensor attention_of(In t, const Sizes& s) {
  return attention(t[0], t[1], t[2], static_cast<int>(s.heads), s.causal);
}

void check_attention(const Sizes& s, double deviation = 1, Bounds bounds = {2e-6, 4e-6},
                     bool gradient = true) {
  const Shape q{s.batch, s.queries, s.heads * s.head}, k{s.batch, s.keys, s.heads * s.head};
  check({.given = {random(q, 0, deviation), random(k), random(k)},
         .op = [=](In t) { return attention_of(t, s); },
         .reference =
             [=](const std::vector<Values>& in) { return attention_reference(in, s, false); },
         .f32 = bounds,
         .gradient = gradient,
         .gradient_f32 = {2 * bounds.l2, 2 * bounds.max}});
}

// Gradients of the inputs named in `wanted`, such as "qkv", one after the other; all are asked for
// together, so that kernels make what is wanted and nothing else.
void check_gradients(const Sizes& s, const std::string& wanted = "qkv") {
  const Shape q{s.batch, s.queries, s.heads * s.head}, k{s.batch, s.keys, s.heads * s.head};
  const std::string names = "qkv";
  for (size_t w = 0; w < wanted.size(); w++)
    for (DType type : {DType::f32, DType::f16})
      check({.given = {random(q), random(k), random(k), random(q)},
             .op =
                 [=](In t) {
                   std::vector<Tensor> of;
                   for (char name : wanted) of.push_back(t[names.find(name)]);
                   return gradients(attention_of(t, s), cast(t[3], DType::f32), of)[w];
                 },
             .reference =
                 [=](const std::vector<Values>& in) {
                   return gradient_reference(in, s)[names.find(wanted[w])];
                 },
             .f32 = type == DType::f32 ? Bounds{3e-6, 6e-6} : Bounds{1e-3, 1e-3},
             .types = {type},
             .gradient = false});
}

}  // namespace

TEST_CASE("attention at every edge of its blocks" * needs_device()) {
  check_attention({1, 1, 1, 1, 1});  // softmax of one score: y = v
  check_attention({1, 3, 5, 1, 3});  // odd everything
  check_attention({2, 7, 13, 3, 8});
  check_attention({1, 64, 8, 2, 16});  // exactly one group of a CPU driver and one block of keys
  check_attention({1, 65, 9, 2, 16});
  check_attention({1, 129, 31, 1, 4});  // more than one group of a GPU
  check_attention({1, 300, 3, 1, 4});   // the keys' gradients in parts
  // The gradients of q and k are zero: a bound relative to their size makes no sense.
  check_attention({1, 5, 1, 2, 40}, 1, {2e-6, 4e-6}, false);
  check_gradients({1, 5, 1, 2, 40}, "v");
}

TEST_CASE("attention in the shapes of models" * needs_device()) {
  check_attention({1, 80, 77, 2, 40});  // prompts
  check_attention({1, 40, 77, 1, 64});
  check_attention({1, 66, 66, 2, 80});
  check_attention({1, 24, 40, 2, 160});
  check_attention({2, 64, 64, 4, 32});
  check_attention({1, 9, 9, 1, 84});  // wide, in odd slices
  const Bounds bounds = {2e-6, 4e-6};
  check_attention({2, 256, 256, 4, 16}, 1, bounds, false);  // a small model
  check_attention({1, 70, 70, 1, 512}, 1, bounds, false);   // the VAE's only head
}

TEST_CASE("gradients of attention in the shapes of models" * needs_device()) {
  check_gradients({2, 256, 256, 4, 16});
  check_gradients({1, 256, 256, 1, 40});
  check_gradients({1, 65, 65, 1, 80});
  check_gradients({1, 33, 64, 1, 128});
  check_gradients({1, 64, 64, 1, 160});
  check_gradients({1, 17, 17, 1, 512});
  check_gradients({1, 9, 9, 1, 164});  // slices beyond the head
}

TEST_CASE("gradients of attention, of what is wanted alone" * needs_device()) {
  for (const Sizes& s : {Sizes{1, 600, 77, 2, 40}, {2, 256, 32, 2, 16}, {1, 5, 7, 3, 5}})
    for (const char* wanted : {"q", "k", "v", "kv", "qv"}) check_gradients(s, wanted);
  check_gradients({1, 77, 77, 1, 64, true}, "k");
  check_gradients({1, 77, 77, 1, 64, true}, "v");
}

TEST_CASE("gradients of attention over so many rows that dispatches take turns" * needs_device()) {
  check_gradients({1, 7, 3001, 1, 40}, "q");
  check_gradients({1, 2600, 67, 2, 5}, "kv");
  check_gradients({1, 1100, 1100, 1, 64, true}, "qk");
}

TEST_CASE("causal attention" * needs_device()) {
  check_attention({1, 1, 1, 1, 8, true});
  check_attention({2, 77, 77, 2, 64, true});  // the text encoder
  check_attention({1, 130, 130, 1, 12, true});
  check_attention({1, 9, 5, 1, 8, true});
  check_attention({1, 5, 9, 1, 8, true});  // keys that nobody sees
  check_gradients({1, 600, 600, 1, 8, true});
}

// All gradients, that of the mask too. In f16 the mask is cast: it is always f32.
void check_masked(const Sizes& s, Values mask = {}, bool gradient = true) {
  const Shape q{s.batch, s.queries, s.heads * s.head}, k{s.batch, s.keys, s.heads * s.head};
  const Given given = mask.empty() ? random(s.mask) : constant(fixed(s.mask, std::move(mask)));
  check({.given = {random(q), random(k), random(k), given},
         .op =
             [=](In t) {
               return attention(t[0], t[1], t[2], static_cast<int>(s.heads), s.causal,
                                cast(t[3], DType::f32));
             },
         .reference =
             [=](const std::vector<Values>& in) { return attention_reference(in, s, false); },
         .f32 = {2e-6, 4e-6},
         .gradient = gradient,
         .gradient_f32 = {4e-6, 8e-6}});
}

TEST_CASE("attention with a mask" * needs_device()) {
  check_masked({1, 1, 3, 1, 4, false, {1, 1, 1, 3}});
  check_masked({2, 7, 13, 3, 8, false, {2, 3, 7, 13}});
  check_masked({2, 7, 13, 3, 8, false, {1, 3, 7, 13}});  // relative positions
  check_masked({2, 5, 9, 2, 5, false, {2, 1, 1, 9}});    // padded prompts
  check_masked({2, 65, 33, 2, 16, false, {1, 1, 65, 33}});
  check_masked({2, 64, 31, 2, 12, false, {1, 2, 1, 31}});
  check_masked({3, 13, 13, 2, 8, true, {1, 1, 1, 13}});
  check_masked({2, 40, 77, 2, 40, false, {2, 1, 40, 77}});
}

TEST_CASE("gradients of a mask that many queries share" * needs_device()) {
  check_masked({2, 700, 5, 2, 4, false, {1, 1, 1, 5}});
}

TEST_CASE("attention does not see keys that a mask hides" * needs_device()) {
  constexpr double none = -std::numeric_limits<double>::infinity();
  Values mask;
  for (int i = 0; i < 2 * 37; i++) mask.push_back(i % 37 < 20 ? 0 : i % 3 ? none : -6e4);
  // With f16 the cast keeps infinity.
  check_masked({2, 9, 37, 1, 8, false, {2, 1, 1, 37}}, mask);
  check_masked({2, 37, 37, 2, 20, true, {2, 1, 1, 37}}, mask);
}

TEST_CASE("attention refuses other masks") {
  const auto message = [](Shape mask, DType type) {
    return refusal([&](Graph& g) {
      const Tensor x = g.input("x", {2, 5, 8});
      attention(x, x, x, 2, false, g.input("mask", mask, type));
    });
  };
  CHECK(message({2, 2, 5, 4}, DType::f32) ==
        "[attention] expects a mask in f32 shaped like the scores, 2x2x5x5, or 1 along its first "
        "axes, not f32 2x2x5x4");
  CHECK(message({2, 3, 5, 5}, DType::f32).starts_with("[attention] expects a mask"));
  CHECK(message({5, 5}, DType::f32).starts_with("[attention] expects a mask"));
  CHECK(message({1, 1, 1, 5}, DType::f16).starts_with("[attention] expects a mask"));
  CHECK(message({1, 2, 5, 5}, DType::f32).empty());
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
  check(
      {.given = {random(q), random(k), random(k)},
       .op =
           [](In t) {
             attention(t[0], t[1], t[2], 3);
             return t[0].graph->nodes().back().outputs[1];
           },
       .reference = [=](const std::vector<Values>& in) { return attention_reference(in, s, true); },
       .gradient = false});
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
