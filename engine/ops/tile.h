// Tile shapes of the two matrix product engines, shaders/tile.glsl (GPUs) and
// shaders/tile_lanes.glsl (CPU drivers), for a product of [rows, depth] and [depth, cols].
#pragma once

#include <cstdint>
#include <vector>

#include "engine/recorder.h"

namespace lacuna {

// What a product's epilogue adds, and where it stands among the node's inputs (after x and the
// weight).
struct Epilogue {
  bool bias = false, residual = false;
  int bias_input() const { return 2; }
  int residual_input() const { return bias ? 3 : 2; }
};

// How many groups a product needs along its rows and along its columns.
struct TileGroups {
  int64_t rows = 1, columns = 1;
  // The groups of one dispatch, with the row groups `times` over.
  Groups all(int64_t times = 1) const;
};

struct LanesTile {
  uint32_t lanes, rows, vectors, along_rows;
  TileGroups groups;
};
LanesTile lanes_tile(const DeviceTraits& traits, int64_t rows, int64_t cols);

struct SharedTile {
  uint32_t local, vectors;
  TileGroups groups;
};
SharedTile shared_tile(const DeviceTraits& traits, int64_t rows, int64_t cols);

// How the depth of a product of few tiles is split in parts, which run side by side and are added
// in a fixed order: it is the gradient of a weight, where many rows of activations meet. The depth
// is `units` of `unit_depth`, and a part is a whole number of units.
struct Parts {
  int64_t count, chunk;  // parts, and units in each but the last
};
Parts parts_of(bool cpu, int64_t rows, int64_t cols, int64_t units, int64_t unit_depth);

// The outputs of a node whose result may consist of parts: the result, and the parts as GPUs and as
// CPU drivers split it.
std::vector<TensorType> outputs_in_parts(const Shape& result, Parts gpu, Parts cpu);
// Where the product's dispatch writes, and what adds the parts after it.
uint64_t begin_parts(const Node& n, Recorder& r, Parts parts);
void end_parts(const Node& n, Recorder& r, Parts parts);

}  // namespace lacuna
