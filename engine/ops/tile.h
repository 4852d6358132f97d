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

// `step`: elements of the depth at a time (shaders/tile_lanes.glsl).
struct LanesTile {
  uint32_t lanes, rows, vectors, along_rows, step;
  TileGroups groups;
  Specialization constants() const {
    return {{Constant::LANES, lanes},
            {Constant::ROWS, rows},
            {Constant::VECTORS, vectors},
            {Constant::LANES_ALONG_ROWS, along_rows},
            {Constant::DEPTH_STEP, step}};
  }
};
struct LanesProduct {
  int64_t rows, cols, depth;
  bool mends_end = false;   // the kernel mends the end of the depth: the step need not divide it
  bool tests_rows = false;  // it tests every value of a, of which lanes along the rows load most
};
LanesTile lanes_tile(const Recorder& r, const Node& n, const LanesProduct& product);

struct SharedTile {
  uint32_t local, vectors;
  TileGroups groups;
  Specialization constants() const {
    return {{Constant::LOCAL, local}, {Constant::VECTORS, vectors}};
  }
};
SharedTile shared_tile(const Recorder& r, const Node& n, int64_t rows, int64_t cols);

// How the long depth of a weight's gradient, which sums over all rows of activations, is split. If
// there are few tiles it has several parts, which run side by side. On CPU drivers a part also has
// chunks, which one dispatch after the other adds, so that the rows that all tiles read stay in the
// cache. All in units of `unit_depth`.
struct Split {
  int64_t parts, part, chunk;
};
Split split_for_gpu(const Shape& product, int64_t depth);
// `type` is that of b, the matrix whose rows all tiles read.
Split split_for_cpu(const Shape& product, int64_t units, int64_t unit_depth, DType type);

// The outputs of a node whose result may consist of parts: the result, and the parts as GPUs and as
// CPU drivers split it.
std::vector<TensorType> outputs_in_parts(const Shape& result, const Split& gpu, const Split& cpu);
// Where the product's dispatches write.
uint64_t parts_address(const Node& n, Recorder& r, const Split& split);
// Adds the parts, in order.
void merge_parts(const Node& n, Recorder& r, const Split& split);

}  // namespace lacuna
