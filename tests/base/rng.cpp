// Rng against PyTorch's own numbers (tools/golden/rng.py), the
// published Philox vectors, and itself.
#include "base/rng.h"

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"

using namespace lacuna;
using nlohmann::json;

namespace {

// Fixtures keep the first and last 40 of a long list.
template <typename T>
std::vector<T> ends(std::vector<T> values) {
  if (values.size() > 100) values.erase(values.begin() + 40, values.end() - 40);
  return values;
}

template <typename T>
std::vector<double> normals(Rng& rng, size_t n) {
  std::vector<T> values(n);
  rng.randn(std::span<T>(values));
  values = ends(values);
  return {values.begin(), values.end()};
}

std::vector<double> replay(Rng& rng, const std::string& call, uint64_t n) {
  if (call == "randn") return normals<float>(rng, n);
  if (call == "randn64") return normals<double>(rng, n);
  std::vector<double> values(n);
  for (double& value : values) value = call == "rand" ? rng.uniform() : rng.uniform_double();
  return ends(values);
}

std::vector<float> randn(Rng& rng, size_t n) {
  std::vector<float> values(n);
  rng.randn(std::span(values));
  return values;
}

}  // namespace

TEST_CASE("torch: normals within 1e-6 of PyTorch, integers and uniforms equal") {
  std::ifstream file(LACUNA_SOURCE_DIR "/tests/fixtures/rng/torch.json");
  const json golden = json::parse(file);
  double worst = 0;
  for (const json& test : golden["cases"]) {
    Rng rng(RngKind::torch, test["seed"].get<uint64_t>());
    for (const json& step : test["steps"]) {
      const std::string call = step["call"];
      const uint64_t n = step["n"].get<uint64_t>();
      CAPTURE(test["seed"].get<uint64_t>());
      CAPTURE(call);
      CAPTURE(n);
      if (call == "below") {
        for (uint64_t expected : step["values"]) CHECK(rng.below(n) == expected);
        continue;
      }
      const std::vector<double> got = replay(rng, call, n);
      const auto expected = step["values"].get<std::vector<double>>();
      REQUIRE(got.size() == expected.size());
      for (size_t i = 0; i < got.size(); ++i) {
        const double error = std::abs(got[i] - expected[i]);
        if (call.starts_with("randn")) worst = std::max(worst, error);
        CHECK(error <= (call.starts_with("randn") ? 1e-6 : 0.0));
      }
    }
  }
  MESSAGE("largest error of a normal: ", worst);
}

TEST_CASE("torch: the C++ standard's 10,000th draw of MT19937") {
  Rng rng(RngKind::torch, 5489);
  uint32_t value = 0;
  for (int i = 0; i < 10000; ++i) value = rng.next_u32();
  CHECK(value == 4123659995u);
}

TEST_CASE("philox: the first word of the published vectors") {
  CHECK(Rng(RngKind::philox, 0).next_u32() == 0x6627e8d5u);
}

TEST_CASE("philox: torch.manual_seed(0); torch.randn(8, device='cuda')") {
  const std::vector<float> expected = {-0.92466259f, -0.42534415f, -2.6438457f,  0.14518388f,
                                       -0.12086647f, -0.57972564f, -0.62285122f, -0.32838709f,
                                       -1.07454231f, -0.36314407f, -1.67105067f, 2.26550497f};
  Rng rng(RngKind::philox, 0);
  const std::vector<float> got = randn(rng, expected.size());
  for (size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(got[i] - expected[i]) < 2e-6);
}

TEST_CASE("philox: an element does not depend on the length, a second call goes on") {
  Rng a(RngKind::philox, 1234567890123), b(RngKind::philox, 1234567890123);
  const std::vector<float> five = randn(a, 5), many = randn(b, 1000);
  CHECK(std::equal(five.begin(), five.end(), many.begin()));
  CHECK(randn(a, 5) != five);
  CHECK(randn(b, 0).empty());
}

TEST_CASE("both: normals have mean 0 and variance 1") {
  for (RngKind kind : {RngKind::torch, RngKind::philox}) {
    Rng rng(kind, 99);
    double sum = 0, squares = 0;
    const std::vector<float> values = randn(rng, 100000);
    for (float x : values) {
      REQUIRE(std::isfinite(x));
      sum += x;
      squares += double{x} * x;
    }
    CHECK(std::abs(sum / 1e5) < 0.01);
    CHECK(std::abs(squares / 1e5 - 1) < 0.02);
  }
}

TEST_CASE("both: a saved state goes on bit for bit") {
  for (RngKind kind : {RngKind::torch, RngKind::philox}) {
    for (size_t before : {0, 1, 2, 15, 16, 17, 1001}) {
      Rng rng(kind, 0xfedcba9876543210u);
      randn(rng, before);
      rng.below(50);
      Rng copy = Rng::from_state(rng.state());
      CHECK(copy.state() == rng.state());
      CHECK(randn(copy, 3) == randn(rng, 3));
      CHECK(randn(copy, 100) == randn(rng, 100));
      CHECK(copy.uniform_double() == rng.uniform_double());
      CHECK(copy.below(1000) == rng.below(1000));
    }
  }
}

TEST_CASE("a damaged state or an unknown name is bad input") {
  for (const char* text : {"", " ", "torch", "torch 1", "torch 1 x", "torch 1 2 3 4", "numpy 1 2",
                           "torch -1 2", "torch 1 2g", "torch 1 18446744073709551615",
                           "torch 99999999999999999999 1", "philox 1 2 zz"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(Rng::from_state(text), InputError);
  }
  CHECK_THROWS_WITH_AS(parse_rng_kind("cuda"), doctest::Contains("use torch"), InputError);
  CHECK(rng_kind_name(parse_rng_kind("philox")) == "philox");
}
