// Matrix product for CPU drivers: y = a b, where b is a [depth, cols] matrix with contiguous
// columns.
//
// A workgroup is one SIMD vector of the driver. Its lanes lie along the columns of b, and all of
// them work on the same ROWS rows of a: every value of b that was gathered meets ROWS
// multiply-adds, every value of a 4 VECTORS. Where there are too few columns for that, lanes lie
// along the rows instead. No shared memory and no barriers (each would be a coroutine switch). Rows
// and columns beyond the end are clamped for loads, so nothing is read outside, and are not stored.
// docs/performance.md has the measured alternatives.
#ifndef LACUNA_TILE_LANES_GLSL
#define LACUNA_TILE_LANES_GLSL

#include "shaders/tile_memory.glsl"

layout(local_size_x_id = 0) in;
layout(constant_id = 0) const uint LANES = 8;
layout(constant_id = 1) const uint ROWS = 8;            // of a group
layout(constant_id = 2) const uint VECTORS = 2;         // of four columns for a lane
layout(constant_id = 3) const bool WHOLE_FOURS = true;  // cols is a multiple of 4
layout(constant_id = 4) const bool BIAS = false;
layout(constant_id = 5) const bool LANES_ALONG_ROWS = false;
layout(constant_id = 7) const bool RESIDUAL = false;  // 6 is the includer's

struct Tile {
  uint row[ROWS];
  uint column[VECTORS];  // the first of four
  vec4 sum[ROWS][VECTORS];
};
Tile tile;

// Four neighbours of a row of b; columns beyond the end repeat the last.
#define LOAD4(load4, Buf, load_four)                                         \
  vec4 load4(Buf b, uint row_begin, uint column, uint cols) {                \
    if (WHOLE_FOURS) return load_four(b, row_begin + min(column, cols - 4)); \
    vec4 value;                                                              \
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] =                       \
        float(b.at[row_begin + min(column + i, cols - 1)]);                  \
    return value;                                                            \
  }
LOAD4(load4, TBuf, load_four)
LOAD4(load4_float, FBuf, load_four_float)

// The index of this group among those along the rows.
uint row_group() { return gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

void begin_tile(uint block) {
  const uint lane = gl_LocalInvocationID.x;
  [[unroll]] for (uint r = 0; r < ROWS; r++) tile.row[r] =
      LANES_ALONG_ROWS ? (block * ROWS + r) * LANES + lane : block * ROWS + r;
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint four = gl_WorkGroupID.y * VECTORS + v;
    tile.column[v] = 4 * (LANES_ALONG_ROWS ? four : four * LANES + lane);
    [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] = vec4(0);
  }
}

// Adds the outer product of a column of a (one value per row) and row `k` of b.
#define MULTIPLY_ADD(multiply_add, Buf, load4)                                   \
  void multiply_add(float a[ROWS], Buf b, uint k, uint cols) {                   \
    [[unroll]] for (uint v = 0; v < VECTORS; v++) {                              \
      const vec4 value = load4(b, k * cols, tile.column[v], cols);               \
      [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] += a[r] * value; \
    }                                                                            \
  }
MULTIPLY_ADD(multiply_add, TBuf, load4)
MULTIPLY_ADD(multiply_add_float, FBuf, load4_float)

// Where b is stored transposed, [cols, depth] with rows of `pitch` that start at `begin`: adds the
// outer products of `a` and element k of these rows.
void multiply_add_transposed(float a[ROWS], TBuf b, uint begin, uint pitch, uint k, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    vec4 value;
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] =
        float(b.at[begin + min(tile.column[v] + i, cols - 1) * pitch + k]);
    [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] += a[r] * value;
  }
}

// The same of `a` and element k, which is even, and of `next` and element k + 1.
void multiply_add_transposed_pair(float a[ROWS], float next[ROWS], TBuf b, uint begin, uint pitch,
                                  uint k, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    vec4 value, second;
    [[unroll]] for (uint i = 0; i < 4; i++) {
      const vec2 pair = load_pair(b, begin + min(tile.column[v] + i, cols - 1) * pitch + k);
      value[i] = pair.x;
      second[i] = pair.y;
    }
    [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] += a[r] * value;
    [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] += next[r] * second;
  }
}

// Goes on with the sums that store_gradient left.
void load_gradient(FBuf y, uint begin[ROWS], uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) [[unroll]] for (uint r = 0; r < ROWS; r++)
      tile.sum[r][v] = load4_float(y, begin[r], tile.column[v], cols);
}

// Rows of a gradient start at `begin`, which need not be in order.
void store_gradient(FBuf y, uint begin[ROWS], uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile.column[v];
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      if (WHOLE_FOURS) {
        if (tile.row[r] < rows && column < cols)
          store_four_float(y, begin[r] + column, tile.sum[r][v]);
      } else {
        [[unroll]] for (uint i = 0; i < 4; i++) if (tile.row[r] < rows && column + i < cols)
            y.at[begin[r] + column + i] = tile.sum[r][v][i];
      }
    }
  }
}

void store_tile(TBuf y, TBuf bias, TBuf residual, uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile.column[v];
    const vec4 offset = BIAS ? load4(bias, 0, column, cols) : vec4(0);
    [[unroll]] for (uint r = 0; r < ROWS; r++) {
      const uint row = tile.row[r];
      vec4 sum = tile.sum[r][v] + offset;
      if (RESIDUAL) sum += load4(residual, min(row, rows - 1) * cols, column, cols);
      if (WHOLE_FOURS) {
        if (row < rows && column < cols) store_four(y, row * cols + column, sum);
      } else {
        [[unroll]] for (uint i = 0; i < 4; i++) if (row < rows && column + i < cols)
            y.at[row * cols + column + i] = T(sum[i]);
      }
    }
  }
}

#endif
