// The frame of kernels that make every element of the result on its own: EACH walks the vectors of
// this invocation in steps of the workgroup.
#ifndef LACUNA_ELEMENTWISE_GLSL
#define LACUNA_ELEMENTWISE_GLSL

#include "shaders/vector.glsl"

CONSTANT(uint, STEPS, 1);

// i runs over the vectors below count that belong to this invocation.
#define EACH(i, count)                                                             \
  for (uint i = group_index() * LOCAL * STEPS + gl_LocalInvocationID.x, step_ = 0; \
       step_ < STEPS && i < (count); i += LOCAL, step_++)

#endif
