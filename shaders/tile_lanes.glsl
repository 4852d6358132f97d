// Matrix product for CPU drivers: y = a b, where b is a [depth, cols] matrix with contiguous
// columns.
//
// A workgroup is one subgroup, which is one SIMD vector of the driver. Its lanes lie along the
// columns of b, and all of them work on the same ROWS rows of a: every value of b that was gathered
// meets ROWS multiply-adds, every value of a 4 VECTORS. Where there are too few columns for that,
// lanes lie along the rows instead. What all lanes need alike, each lane loads a part of, and
// subgroupBroadcast, a register shuffle, hands it round: a load with one address for all lanes
// would be a gather like any other. No shared memory and no barriers (each would be a coroutine
// switch). Rows and columns beyond the end are clamped for loads, so nothing is read outside, and
// are not stored. docs/notes/performance.md has the measured alternatives.
#ifndef LACUNA_TILE_LANES_GLSL
#define LACUNA_TILE_LANES_GLSL

#extension GL_KHR_shader_subgroup_ballot : require

#include "shaders/tile_memory.glsl"

layout(local_size_x_id = LANES_ID) in;
CONSTANT(uint, LANES, 8);
CONSTANT(uint, ROWS, 8);            // of a group
CONSTANT(uint, VECTORS, 2);         // of four columns for a lane
CONSTANT(bool, WHOLE_FOURS, true);  // cols is a multiple of 4
CONSTANT(bool, BIAS, false);
CONSTANT(bool, LANES_ALONG_ROWS, false);
CONSTANT(uint, DEPTH_STEP, 2);  // elements of the depth at a time: 1, 2 or 4
CONSTANT(bool, RESIDUAL, false);
CONSTANT(bool, BLOCKS, false);  // rows, cols and ROWS are multiples of 4

// Values of a, and single columns of b, that a lane loads for one element of the depth.
const uint A_LOADS = LANES_ALONG_ROWS ? ROWS : (ROWS + LANES - 1) / LANES;
const uint B_LOADS = (4 * VECTORS + LANES - 1) / LANES;

struct Tile {
  uint row[ROWS];
  uint column[VECTORS];  // the first of four
  uint a_row[A_LOADS];   // neighbours, whose values this lane loads
  uint b_column[B_LOADS];
  float a[DEPTH_STEP][A_LOADS];  // what this lane has loaded for the next steps
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
LOAD4(load4_weight, WBuf, load_four_weight)
LOAD4(load4_float, FBuf, load_four_float)

// The index of this group among those along the rows.
uint row_group() { return gl_WorkGroupID.z * gl_NumWorkGroups.x + gl_WorkGroupID.x; }

void begin_tile(uint block) {
  const uint lane = gl_SubgroupInvocationID;
  const uint first_row = (LANES_ALONG_ROWS ? block * LANES + lane : block) * ROWS;
  [[unroll]] for (uint r = 0; r < ROWS; r++) tile.row[r] = first_row + r;
  [[unroll]] for (uint j = 0; j < A_LOADS; j++) tile.a_row[j] =
      first_row + (LANES_ALONG_ROWS ? j : min(lane * A_LOADS + j, ROWS - 1));
  [[unroll]] for (uint j = 0; j < B_LOADS; j++) tile.b_column[j] =
      4 * VECTORS * gl_WorkGroupID.y + j * LANES + lane;
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint four = gl_WorkGroupID.y * VECTORS + v;
    tile.column[v] = 4 * (LANES_ALONG_ROWS ? four : four * LANES + lane);
    [[unroll]] for (uint r = 0; r < ROWS; r++) tile.sum[r][v] = vec4(0);
  }
}

float a_of_row(uint s, uint r) {
  return LANES_ALONG_ROWS ? tile.a[s][r] : subgroupBroadcast(tile.a[s][r % A_LOADS], r / A_LOADS);
}

// Four columns of what lanes along the rows have loaded of b.
vec4 b_of_columns(float own[B_LOADS], uint v) {
  vec4 value;
  [[unroll]] for (uint i = 0; i < 4; i++) value[i] =
      subgroupBroadcast(own[(4 * v + i) / LANES], (4 * v + i) % LANES);
  return value;
}

// All steps of a sum follow each other, so that it is fetched and put back once: there are more
// sums than registers.
void add_products(uint v, vec4 b[DEPTH_STEP]) {
  [[unroll]] for (uint r = 0; r < ROWS; r++) {
    vec4 sum = tile.sum[r][v];
    [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) sum += a_of_row(s, r) * b[s];
    tile.sum[r][v] = sum;
  }
}

// Neighbours along the depth.
#define LOAD_STEPS(load_steps, Buf, load_pair)                     \
  void load_steps(out float values[DEPTH_STEP], Buf b, uint i) {   \
    if (DEPTH_STEP == 1) {                                         \
      values[0] = float(b.at[i]);                                  \
    } else {                                                       \
      [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) values[s] = \
          load_pair(b, i + s / 2 * 2)[s % 2];                      \
    }                                                              \
  }
LOAD_STEPS(load_steps, TBuf, load_pair)
LOAD_STEPS(load_steps_weight, WBuf, load_pair_weight)
LOAD_STEPS(load_steps_float, FBuf, load_pair_float)

// Takes tile.a from a stored transposed, [depth, rows]: elements k, k + 1, ... of the depth, and 0
// from `end` on.
void load_a_transposed(FBuf a, uint k, uint end, uint rows) {
  [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) [[unroll]] for (uint j = 0; j < A_LOADS; j++) {
    const float value = a.at[min(k + s, end - 1) * rows + min(tile.a_row[j], rows - 1)];
    tile.a[s][j] = k + s < end ? value : 0;
  }
}

// Adds the outer products of tile.a and rows k, k + 1, ... of b, of which the last is `last`; row 0
// starts at `begin`.
void multiply_add(WBuf b, uint begin, uint pitch, uint k, uint last, uint cols) {
  float own[DEPTH_STEP][B_LOADS];
  if (LANES_ALONG_ROWS) [[unroll]]
    for (uint s = 0; s < DEPTH_STEP; s++)
      [[unroll]] for (uint j = 0; j < B_LOADS; j++) own[s][j] =
          float(b.at[begin + min(k + s, last) * pitch + min(tile.b_column[j], cols - 1)]);
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    vec4 value[DEPTH_STEP];
    [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) value[s] =
        LANES_ALONG_ROWS ? b_of_columns(own[s], v)
                         : load4_weight(b, begin + min(k + s, last) * pitch, tile.column[v], cols);
    add_products(v, value);
  }
}

// The same where b is stored transposed, [cols, depth] with rows of `pitch` that start at `begin`.
void multiply_add_transposed(WBuf b, uint begin, uint pitch, uint k, uint cols) {
  float own[DEPTH_STEP][B_LOADS];
  if (LANES_ALONG_ROWS) [[unroll]]
    for (uint j = 0; j < B_LOADS; j++) {
      float steps[DEPTH_STEP];
      load_steps_weight(steps, b, begin + min(tile.b_column[j], cols - 1) * pitch + k);
      [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) own[s][j] = steps[s];
    }
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    vec4 value[DEPTH_STEP];
    if (LANES_ALONG_ROWS) {
      [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) value[s] = b_of_columns(own[s], v);
    } else {
      [[unroll]] for (uint i = 0; i < 4; i++) {
        float steps[DEPTH_STEP];
        load_steps_weight(steps, b, begin + min(tile.column[v] + i, cols - 1) * pitch + k);
        [[unroll]] for (uint s = 0; s < DEPTH_STEP; s++) value[s][i] = steps[s];
      }
    }
    add_products(v, value);
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

// The same for sums that are kept transposed, [cols, rows], from `begin` on. They are turned in
// blocks of 4 x 4: taken one by one they cost as much as 64 steps of the depth.
void load_gradient_transposed(FBuf y, uint begin, uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile.column[v];
    if (BLOCKS) {
      const uint first = begin + min(column, cols - 4) * rows;
      [[unroll]] for (uint r = 0; r + 3 < ROWS; r += 4) {
        const uint at = first + min(tile.row[r], rows - 4);
        mat4 block;
        [[unroll]] for (uint i = 0; i < 4; i++) block[i] = load_four_float(y, at + i * rows);
        block = transpose(block);
        [[unroll]] for (uint i = 0; i < 4; i++) tile.sum[r + i][v] = block[i];
      }
    } else {
      [[unroll]] for (uint r = 0; r < ROWS; r++) [[unroll]] for (uint i = 0; i < 4; i++) {
        const uint at = begin + min(column + i, cols - 1) * rows;
        tile.sum[r][v][i] = y.at[at + min(tile.row[r], rows - 1)];
      }
    }
  }
}

void store_gradient_transposed(FBuf y, uint begin, uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile.column[v], first = begin + column * rows;
    if (BLOCKS) {
      [[unroll]] for (uint r = 0; r + 3 < ROWS; r += 4) {
        mat4 block;
        [[unroll]] for (uint i = 0; i < 4; i++) block[i] = tile.sum[r + i][v];
        block = transpose(block);
        if (tile.row[r] < rows && column < cols) [[unroll]]
          for (uint i = 0; i < 4; i++)
            store_four_float(y, first + i * rows + tile.row[r], block[i]);
      }
    } else {
      [[unroll]] for (uint r = 0; r < ROWS; r++)
          [[unroll]] for (uint i = 0; i < 4; i++) if (tile.row[r] < rows && column + i < cols)
              y.at[first + i * rows + tile.row[r]] = tile.sum[r][v][i];
    }
  }
}

void store_tile(TBuf y, WBuf bias, TBuf residual, uint rows, uint cols) {
  [[unroll]] for (uint v = 0; v < VECTORS; v++) {
    const uint column = tile.column[v];
    const vec4 offset = BIAS ? load4_weight(bias, 0, column, cols) : vec4(0);
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
