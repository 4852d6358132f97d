// Tile shapes of the two matrix product engines, shaders/tile.glsl (GPUs) and
// shaders/tile_lanes.glsl (CPU drivers), for a product of [rows, depth] and [depth, cols].
#pragma once

#include <cstdint>

#include "engine/recorder.h"

namespace lacuna {

// What a product's epilogue adds, and where it stands among the node's inputs (after x and the
// weight).
struct Epilogue {
  bool bias = false, residual = false;
  int bias_input() const { return 2; }
  int residual_input() const { return bias ? 3 : 2; }
};

struct LanesTile {
  uint32_t lanes, rows, vectors, along_rows;
  Groups groups;
};
LanesTile lanes_tile(const DeviceTraits& traits, int64_t rows, int64_t cols);

struct SharedTile {
  uint32_t local, vectors;
  Groups groups;
};
SharedTile shared_tile(const DeviceTraits& traits, int64_t rows, int64_t cols);

}  // namespace lacuna
