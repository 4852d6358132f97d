// The host side of shaders/lanes.glsl: how invocations share the rows of a reduction.
#pragma once

#include "engine/ops/elementwise.h"

namespace lacuna {

struct Rows {
  uint32_t local, lanes;
  int64_t rows;

  // A row has `steps` (vectors, say) that its lanes share; each costs `iterations` of a kernel's
  // loops. Throws InputError for rows that are too long. At least `least_lanes` share a row on a
  // software driver too: for few rows.
  Rows(const Node& n, const Recorder& r, int64_t rows, int64_t steps, int64_t iterations,
       uint32_t least_lanes = 1);
  Specialization constants(uint32_t width) const {
    return {{Constant::LOCAL, local}, {Constant::WIDTH, width}, {Constant::LANES, lanes}};
  }
  Groups groups() const { return Recorder::fold((rows * lanes + local - 1) / local); }
};

}  // namespace lacuna
