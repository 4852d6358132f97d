#version 460
// kernel forward f32 f16
//
// y[b,t] = table[ids[b,t]] + positions[t]
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/embedding.h"

void main() {
  EACH(i, p.count) {
    const uint token = divide(i, p.columns);
    const uint column = i - token * p.columns.value;
    const uint position = token - divide(token, p.tokens) * p.tokens.value;
    const uint id = uint(p.ids.at[token]);
    const uint row = id < p.rows ? id : 0;
    store(p.y, i,
          load(p.table, row * p.columns.value + column) +
              load(p.positions, position * p.columns.value + column));
  }
}
