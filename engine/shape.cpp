#include "engine/shape.h"

#include "base/error.h"

namespace lacuna {

const char* name_of(DType type) {
  switch (type) {
    case DType::f32:
      return "f32";
    case DType::f16:
      return "f16";
    case DType::i32:
      return "i32";
  }
  return "?";
}

Shape::Shape(std::span<const int64_t> sizes) {
  if (sizes.empty() || sizes.size() > sizes_.size())
    throw InputError("[shape] a tensor has one to four axes, not {}", sizes.size());
  for (int64_t size : sizes) {
    if (size < 1)
      throw InputError("[shape] an axis has size {}; every axis needs at least 1", size);
    sizes_[rank_++] = size;
  }
}

int64_t Shape::elements() const {
  int64_t n = 1;
  for (int i = 0; i < rank_; i++) n *= sizes_[i];
  return n;
}

std::string Shape::str() const {
  std::string text;
  for (int i = 0; i < rank_; i++) text += (i ? "x" : "") + std::to_string(sizes_[i]);
  return text;
}

}  // namespace lacuna
