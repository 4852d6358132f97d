// Shape and DType: what a tensor looks like. Row-major, the last axis is contiguous.
// Images are N,H,W,C and tokens B,T,C, so that image <-> tokens is a reshape and a 1x1 convolution
// is linear.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace lacuna {

enum class DType : uint8_t { f32, f16, i32 };

constexpr int64_t size_of(DType type) { return type == DType::f16 ? 2 : 4; }
const char* name_of(DType type);

// Up to four axes; every axis is at least 1. Throws InputError for more axes or a non-positive
// size.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> sizes)
      : Shape(std::span<const int64_t>(sizes.begin(), sizes.size())) {}
  explicit Shape(std::span<const int64_t> sizes);

  int rank() const { return rank_; }
  // Axes count from the front; negative ones from the back, so shape[-1] is the last.
  int64_t operator[](int axis) const { return sizes_[axis < 0 ? rank_ + axis : axis]; }
  int64_t elements() const;
  int64_t last() const { return sizes_[rank_ - 1]; }
  // Number of rows when the last axis is a row.
  int64_t rows() const { return elements() / last(); }
  std::string str() const;
  bool operator==(const Shape&) const = default;

 private:
  std::array<int64_t, 4> sizes_{};
  int rank_ = 0;
};

}  // namespace lacuna
