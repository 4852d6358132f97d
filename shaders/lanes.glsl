// Reductions over the LANES neighbouring invocations that share a row, in a fixed order, so that
// results have the same bits every time. With one lane per row (software drivers) there is nothing
// to share.
#ifndef LACUNA_LANES_GLSL
#define LACUNA_LANES_GLSL

#include "shaders/vector.glsl"

CONSTANT(uint, LANES, 1);  // a power of two that divides LOCAL
shared float cells[LOCAL];

uint lane() { return gl_LocalInvocationID.x % LANES; }
// The row of this invocation; may be past the end, where it must still take part in reductions.
uint row_index() { return group_index() * (LOCAL / LANES) + gl_LocalInvocationID.x / LANES; }

#define REDUCE_LANES(name, combine)                                          \
  float name(float value) {                                                  \
    if (LANES == 1) return value;                                            \
    const uint me = gl_LocalInvocationID.x;                                  \
    barrier();                                                               \
    cells[me] = value;                                                       \
    for (uint half_ = LANES / 2; half_ > 0; half_ /= 2) {                    \
      barrier();                                                             \
      if (lane() < half_) cells[me] = combine(cells[me], cells[me + half_]); \
    }                                                                        \
    barrier();                                                               \
    return cells[me - lane()];                                               \
  }
float plus(float a, float b) { return a + b; }
REDUCE_LANES(sum_lanes, plus)
REDUCE_LANES(max_lanes, max)

#endif
