// Sizes and offsets rounded up to what devices and kernels ask for.
#pragma once

#include <concepts>
#include <type_traits>

namespace lacuna {

// The smallest multiple of `unit` that is not below `size`.
template <std::integral T>
constexpr T align_up(T size, std::type_identity_t<T> unit) {
  return (size + unit - 1) / unit * unit;
}

}  // namespace lacuna
