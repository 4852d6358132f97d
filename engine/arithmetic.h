// The class of a device's arithmetic: results of one class have the same bits, whatever variant of
// a kernel computed them. It is part of a run's identity, so a run that one class has begun does
// not resume in another. If no class is named it is `exact`, the class of every edit made so far.
#pragma once

#include <cstdint>
#include <string_view>

namespace lacuna {

enum class Arithmetic : uint8_t {
  exact,    // products and sums in float, in a fixed order
  relaxed,  // the order is the hardware's, as matrix units have it; no kernel does so yet
};

constexpr std::string_view name_of(Arithmetic a) {
  return a == Arithmetic::exact ? "exact" : "relaxed";
}
// The key of its name in the options of a run and of an edit.
inline constexpr const char* arithmetic_key = "arithmetic";

}  // namespace lacuna
