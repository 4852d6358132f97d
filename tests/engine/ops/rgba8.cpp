#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops.h"
#include "tests/engine/ops/check.h"

using namespace lacuna;
using namespace lacuna::test;

namespace {

std::vector<uint32_t> pixels_of(std::span<const float> values) {
  Graph g;
  const auto count = static_cast<int64_t>(values.size() / 3);
  g.output("rgba", rgba8(g.input("x", {1, 1, count, 3})));
  Plan plan(device(), g);
  plan.set("x", values);
  run(plan);
  const Buffer copy = plan.copy("rgba");
  std::vector<uint32_t> pixels(static_cast<size_t>(count));
  device().download(copy, 0, std::as_writable_bytes(std::span(pixels)));
  return pixels;
}

// In float, as on the host: near a half another precision would round to another side.
uint32_t level(float x) {
  const float value = std::clamp(x / 2 + 0.5f, 0.0f, 1.0f);
  return static_cast<uint32_t>(std::nearbyint(value * 255));
}

}  // namespace

TEST_CASE("rgba8 rounds as the host does" * needs_device()) {
  for (const int64_t count : {1, 7, 64, 65, 4099}) {
    std::vector<float> x;
    for (int64_t i = 0; i < 3 * count; i++) x.push_back(1.2f * std::sin(0.7f * float(i * i % 997)));
    // All the values of a byte and all the halves between them.
    for (size_t i = 0; i < x.size() && i < 511; i++)
      x[x.size() - 1 - i] = static_cast<float>(i) / 255 - 1;
    const std::vector<uint32_t> pixels = pixels_of(x);
    for (size_t i = 0; i < pixels.size(); i++) {
      INFO(x[3 * i], " ", x[3 * i + 1], " ", x[3 * i + 2]);
      CHECK(pixels[i] ==
            (0xff000000 | level(x[3 * i + 2]) << 16 | level(x[3 * i + 1]) << 8 | level(x[3 * i])));
    }
  }
}

TEST_CASE("rgba8: ends, halves and what is no number" * needs_device()) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const float x[] = {-1, 1, 0, -1.5f, 1.5f, NAN, -inf, inf, -0.0f};
  CHECK(pixels_of(x) == std::vector<uint32_t>{0xff80ff00, 0xff00ff00, 0xff80ff00});
  CHECK(refusal([](Graph& g) { rgba8(g.input("x", {2, 4})); }).starts_with("[rgba8] expects"));
  CHECK(refusal([](Graph& g) {
          rgba8(g.input("x", {2, 3}, DType::i32));
        }).starts_with("[rgba8] expects"));
}
