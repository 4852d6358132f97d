// Matrix product for GPUs: y = a b by tiles of 8 LOCAL/16 rows and 64 VECTORS columns in shared
// memory.
//
// 16 invocations lie along the columns and LOCAL / 16 along the rows; each sums 8 rows and VECTORS
// times four columns in registers, so that 32 VECTORS multiply-adds follow 2 + VECTORS loads of
// shared memory. The next slice of 16 along the depth is fetched into registers while the present
// one is multiplied. a is kept transposed in shared memory; the extra column avoids bank conflicts.
// Shared memory: 16 (8 LOCAL/16 + 4 + 64 VECTORS) floats, 8.3 KiB for 128 invocations and one
// vector.
//
// The includer defines load_a(row, k), four neighbours along the depth, zero outside, and
// load_b(k, column), four neighbours along the columns, zero beyond the depth. Where a or b is
// stored transposed it defines A_ALONG_ROWS or B_ALONG_DEPTH first, and its neighbours lie there.
#ifndef LACUNA_TILE_GLSL
#define LACUNA_TILE_GLSL

layout(local_size_x_id = LOCAL_ID) in;
CONSTANT(uint, LOCAL, 128);
CONSTANT(uint, VECTORS, 1);         // of four columns for an invocation
CONSTANT(bool, WHOLE_FOURS, true);  // cols is a multiple of 4
CONSTANT(bool, BIAS, false);
CONSTANT(bool, RESIDUAL, false);

const uint DEPTH = 16, ALONG = 16, THREAD_ROWS = 8;
const uint TILE_ROWS = LOCAL / ALONG * THREAD_ROWS;
const uint TILE_FOURS = ALONG * VECTORS;  // fours of columns
const uint A_PITCH = TILE_ROWS / 4 + 1;
const uint A_LOADS = TILE_ROWS * (DEPTH / 4) / LOCAL;  // per invocation and slice
const uint B_LOADS = DEPTH * TILE_FOURS / LOCAL;
#ifdef B_ALONG_DEPTH
const uint B_PITCH = TILE_FOURS + 1;
#else
const uint B_PITCH = TILE_FOURS;
#endif

shared vec4 a_tile[DEPTH * A_PITCH];
shared vec4 b_tile[DEPTH * B_PITCH];

uint lane = gl_LocalInvocationID.x;
uint row_group = gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x;
uint tile_row = row_group * TILE_ROWS;
uint tile_column = gl_WorkGroupID.y * TILE_FOURS * 4;
vec4 sum[THREAD_ROWS][VECTORS];
vec4 fetched_a[A_LOADS], fetched_b[B_LOADS];

// Defined by the includer.
vec4 load_a(uint row, uint k);
vec4 load_b(uint k, uint column);

// Four neighbours of a row of b; columns beyond the end repeat the last.
#define LOAD4(load4, Buf)                                                                      \
  vec4 load4(Buf b, uint row_begin, uint column, uint cols) {                                  \
    if (WHOLE_FOURS) return vec4(CAST(Buf##4, b).at[(row_begin + min(column, cols - 4)) / 4]); \
    vec4 value;                                                                                \
    [[unroll]] for (uint i = 0; i < 4; i++) value[i] =                                         \
        float(b.at[row_begin + min(column + i, cols - 1)]);                                    \
    return value;                                                                              \
  }
LOAD4(load4, TBuf)
LOAD4(load4_weight, WBuf)
LOAD4(load4_float, FBuf)

void multiply_slice() {
  [[unroll]] for (uint k = 0; k < DEPTH; k++) {
    const uint at = k * A_PITCH + lane / ALONG * (THREAD_ROWS / 4);
    const vec4 a[2] = {a_tile[at], a_tile[at + 1]};
    [[unroll]] for (uint v = 0; v < VECTORS; v++) {
      const vec4 b = b_tile[k * B_PITCH + v * ALONG + lane % ALONG];
      [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) sum[r][v] += a[r / 4][r % 4] * b;
    }
  }
}

// Which four of a slice of a load fetches: x of the row, y of the depth. And of b: depth, column.
uvec2 part_of_a(uint at) {
#ifdef A_ALONG_ROWS
  return uvec2(at % (TILE_ROWS / 4) * 4, at / (TILE_ROWS / 4));
#else
  return uvec2(at / 4, at % 4 * 4);
#endif
}
uvec2 part_of_b(uint at) {
#ifdef B_ALONG_DEPTH
  return uvec2(at % 4 * 4, at / 4);
#else
  return uvec2(at / TILE_FOURS, at % TILE_FOURS * 4);
#endif
}

void fetch_slice(uint k) {
  [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
    const uvec2 part = part_of_a(i * LOCAL + lane);
    fetched_a[i] = load_a(tile_row + part.x, k + part.y);
  }
  [[unroll]] for (uint i = 0; i < B_LOADS; i++) {
    const uvec2 part = part_of_b(i * LOCAL + lane);
    fetched_b[i] = load_b(k + part.x, tile_column + part.y);
  }
}

void share_slice() {
  [[unroll]] for (uint i = 0; i < A_LOADS; i++) {
    const uvec2 part = part_of_a(i * LOCAL + lane);
#ifdef A_ALONG_ROWS
    a_tile[part.y * A_PITCH + part.x / 4] = fetched_a[i];
#else
    [[unroll]] for (uint j = 0; j < 4; j++)
        a_tile[(part.y + j) * A_PITCH + part.x / 4][part.x % 4] = fetched_a[i][j];
#endif
  }
  [[unroll]] for (uint i = 0; i < B_LOADS; i++) {
    const uvec2 part = part_of_b(i * LOCAL + lane);
#ifdef B_ALONG_DEPTH
    [[unroll]] for (uint j = 0; j < 4; j++)
        b_tile[(part.x + j) * B_PITCH + part.y / 4][part.y % 4] = fetched_b[i][j];
#else
    b_tile[part.x * B_PITCH + part.y / 4] = fetched_b[i];
#endif
  }
}

// Sums the products of `begin` <= k < `end` along the depth.
void tile_product(uint begin, uint end) {
  [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) [[unroll]] for (uint v = 0; v < VECTORS; v++)
      sum[r][v] = vec4(0);
  fetch_slice(begin);
  for (uint k = begin; k < end; k += DEPTH) {
    share_slice();
    barrier();
    if (k + DEPTH < end) fetch_slice(k + DEPTH);
    multiply_slice();
    barrier();
  }
}

uint sum_row(uint r) { return tile_row + lane / ALONG * THREAD_ROWS + r; }

// Rows of a gradient start at `begin`, which need not be in order.
void store_gradient(FBuf y, uint begin[THREAD_ROWS], uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile_column + (v * ALONG + lane % ALONG) * 4;
    [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) {
      const bool inside = sum_row(r) < rows;
      if (WHOLE_FOURS) {
        if (inside && column < cols) CAST(FBuf4, y).at[(begin[r] + column) / 4] = sum[r][v];
      } else {
        [[unroll]] for (uint i = 0; i < 4; i++) if (inside && column + i < cols)
            y.at[begin[r] + column + i] = sum[r][v][i];
      }
    }
  }
}

void store_tile(TBuf y, WBuf bias, TBuf residual, uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile_column + (v * ALONG + lane % ALONG) * 4;
    const vec4 offset = BIAS ? load4_weight(bias, 0, column, cols) : vec4(0);
    [[unroll]] for (uint r = 0; r < THREAD_ROWS; r++) {
      const uint row = sum_row(r);
      vec4 value = sum[r][v] + offset;
      if (RESIDUAL && row < rows) value += load4(residual, row * cols, column, cols);
      if (WHOLE_FOURS) {
        if (row < rows && column < cols) CAST(TBuf4, y).at[(row * cols + column) / 4] = T4(value);
      } else {
        [[unroll]] for (uint i = 0; i < 4; i++) if (row < rows && column + i < cols)
            y.at[row * cols + column + i] = T(value[i]);
      }
    }
  }
}

#endif
