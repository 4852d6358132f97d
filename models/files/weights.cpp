#include "models/files/weights.h"

namespace lacuna {

std::string Weights::join(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

Weights Weights::any_of(std::initializer_list<std::string_view> names) const {
  for (std::string_view name : names)
    if (has(name)) return (*this)[name];
  return (*this)[*names.begin()];
}

Parameter Weights::vector(std::string_view name, int64_t size) const {
  const int64_t shape[] = {size};
  return source_->load(join(name), shape, Layout::plain);
}
Parameter Weights::table(std::string_view name, int64_t rows, int64_t columns) const {
  const int64_t shape[] = {rows, columns};
  return source_->load(join(name), shape, Layout::plain);
}
Parameter Weights::matrix(std::string_view name, int64_t in, int64_t out) const {
  const int64_t shape[] = {out, in};
  return source_->load(join(name), shape, Layout::linear);
}
Parameter Weights::kernel(std::string_view name, int64_t in, int64_t out, int64_t k) const {
  const int64_t shape[] = {out, in, k, k};
  return source_->load(join(name), shape, Layout::conv2d);
}

}  // namespace lacuna
