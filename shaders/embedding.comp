#version 460
// kernel forward f32 f16 f32_f16
// kernel table f32
// kernel positions f32
//
// forward: y[b,t] = table[ids[b,t]] + positions[t]
// table: dtable[id] = the sum of dy over the tokens with that id, written where the id occurs
// first; the rows of ids that do not occur were filled with zeros before.
// positions: dpositions[t] = the sum of dy[b,t] over the sentences b, 0 beyond their length.
#extension GL_GOOGLE_include_directive : require
#include "shaders/elementwise.glsl"
#include "shaders/embedding.h"

uint table_row(uint token) {
  const uint id = uint(p.ids.at[token]);
  return id < p.rows ? id : 0;
}

void main() {
  EACH(i, p.count) {
    const uint token = divide(i, p.columns);
    const uint column = i - token * p.columns.value;
#ifdef KERNEL_forward
    const uint position = token - divide(token, p.tokens) * p.tokens.value;
    store(p.y, i,
          load_weight(p.table, table_row(token) * p.columns.value + column) +
              load_weight(p.positions, position * p.columns.value + column));
#endif
#ifdef KERNEL_table
    const uint row = table_row(token);
    bool first = true;
    vec4 total = vec4(0);
    for (uint other = 0; other < p.sentences * p.tokens.value; other++) {
      if (table_row(other) != row) continue;
      if (other < token) {
        first = false;
        break;
      }
      total += load(p.y, other * p.columns.value + column);
    }
    if (first) store_float(CAST(FBuf, p.table), row * p.columns.value + column, total);
#endif
#ifdef KERNEL_positions
    vec4 total = vec4(0);
    if (token < p.tokens.value)
      for (uint b = 0; b < p.sentences; b++)
        total += load(p.y, (b * p.tokens.value + token) * p.columns.value + column);
    store_float(CAST(FBuf, p.positions), i, total);
#endif
  }
}
