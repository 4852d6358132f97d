#include "erase/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace lacuna {

Decay parse_decay(std::string_view name) {
  if (name == "constant") return Decay::constant;
  if (name == "linear") return Decay::linear;
  if (name == "cosine") return Decay::cosine;
  throw InputError("[schedule] '{}' is unknown; choose constant, linear or cosine", name);
}

std::string_view name_of(Decay decay) {
  return decay == Decay::constant ? "constant" : decay == Decay::linear ? "linear" : "cosine";
}

double rate_factor(Decay decay, int64_t iteration, int64_t iterations, int64_t warmup) {
  if (iteration < warmup) return static_cast<double>(iteration) / static_cast<double>(warmup);
  const double rest = static_cast<double>(std::max<int64_t>(1, iterations - warmup));
  const double done = static_cast<double>(iteration - warmup) / rest;
  if (decay == Decay::linear) return std::max(0.0, 1 - done);
  if (decay == Decay::cosine) return 0.5 * (1 + std::cos(std::numbers::pi * std::min(1.0, done)));
  return 1;
}

}  // namespace lacuna
