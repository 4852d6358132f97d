#include "erase/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lacuna {

std::span<const Word> words(Decay) {
  static constexpr Word all[] = {
      {"constant", Decay::constant}, {"linear", Decay::linear}, {"cosine", Decay::cosine}};
  return all;
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
