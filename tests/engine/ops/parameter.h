// A parameter of a test: f32 in a buffer of its own, which the host can read and write.
#pragma once

#include <cmath>
#include <cstring>
#include <random>
#include <span>

#include "tests/engine/ops/check.h"

namespace lacuna::test {

using Floats = std::vector<float>;

class Parameter {
 public:
  Parameter(const Shape& shape, uint32_t seed, double deviation = 1)
      : shape_(shape),
        buffer_(device(), static_cast<uint64_t>(shape.elements()) * 4, Memory::device,
                "a test's parameter") {
    seed == 0 ? set(Floats(static_cast<size_t>(shape.elements()), 0))
              : fill_random(seed, deviation);
  }

  Tensor in(Graph& g) const { return g.parameter("memory", {shape_, DType::f32}, address()); }
  uint64_t address() const { return buffer_.address(); }

  void set(const Floats& values) {
    REQUIRE(static_cast<int64_t>(values.size()) == shape_.elements());
    device().upload(buffer_, 0, std::as_bytes(std::span(values)));
  }
  void fill_random(uint32_t seed, double deviation = 1) {
    std::mt19937 bits(seed);
    Floats values(static_cast<size_t>(shape_.elements()));
    for (float& v : values)
      v = static_cast<float>(deviation * std::sqrt(12.0) * (bits() / 4294967296.0 - 0.5));
    set(values);
  }
  Floats floats() const {
    Floats values(static_cast<size_t>(shape_.elements()));
    device().download(buffer_, 0, std::as_writable_bytes(std::span(values)));
    return values;
  }
  Values values() const {
    const Floats now = floats();
    return {now.begin(), now.end()};
  }

 private:
  Shape shape_;
  Buffer buffer_;
};

}  // namespace lacuna::test
