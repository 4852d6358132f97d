#version 460
// kernel copy f32 f16
// kernel put f32 f16
// kernel gather f32
//
// copy, then put: y is the table with some of its rows replaced. gather: the gradient of those
// rows.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/replace_rows.h"

void main() {
  EACH(i, p.count) {
#ifdef KERNEL_copy
    store(p.y, i, load(p.table, i));
#else
    const uint row = divide(i, p.columns);
    const uint at = uint(p.ids.at[row]) * p.columns.value + i - row * p.columns.value;
#ifdef KERNEL_put
    store(p.y, at, load(p.rows, i));
#else
    store(p.rows, i, load(p.y, at));
#endif
#endif
  }
}
