#include "engine/ops/rows.h"

#include <algorithm>
#include <bit>

namespace lacuna {

Rows::Rows(const Node& n, const Recorder& r, int64_t row_count, int64_t steps, int64_t iterations,
           uint32_t least_lanes)
    : rows(row_count) {
  // A software driver's invocation is a lane of a vector unit: a row each, and no barriers. On a
  // GPU the invocations of a row read neighbouring vectors.
  local = r.traits().cpu ? 16 : 64;
  constexpr int64_t most_lanes = 64;
  lanes = r.traits().cpu ? 1 : std::bit_ceil(static_cast<uint32_t>(std::min(steps, most_lanes)));
  lanes = std::max(lanes, least_lanes);
  // Some drivers end an invocation's loops silently after 65,535 iterations.
  constexpr int64_t limit = 65000;
  const auto needed = [&] { return (steps + lanes - 1) / lanes * iterations; };
  while (needed() > limit && lanes < most_lanes) lanes *= 2;
  local = std::max(local, lanes);
  if (needed() > limit)
    throw InputError(
        "[{}] expects shorter rows than those of {}: they need {} steps and {} are safe",
        n.op->name, n.in(0).str(), needed(), limit);
}

}  // namespace lacuna
