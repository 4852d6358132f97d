#include "engine/ops/tile.h"

#include <algorithm>

#include "engine/ops/sum_rows.h"

namespace lacuna {
namespace {

int64_t groups_for(int64_t count, int64_t each) { return (count + each - 1) / each; }

}  // namespace

// Neighbouring groups share columns, so that a panel of b stays in the cache while rows pass.
Groups TileGroups::all(int64_t times) const {
  const Groups folded = Recorder::fold(rows * times);
  return {folded.x, static_cast<uint32_t>(columns), folded.y};
}

LanesTile lanes_tile(const DeviceTraits& traits, int64_t rows, int64_t cols) {
  LanesTile t{};
  t.lanes = std::clamp<uint32_t>(traits.subgroup_size, 4, 16);
  const int64_t fours = groups_for(cols, 4);
  // The widest tile that wastes few columns: first with the lanes along the columns, which reads
  // memory in order; where that leaves narrow tiles and rows abound, with the lanes along the rows.
  const auto widest = [&](int64_t lanes) {
    const auto columns = [&](int64_t vectors) {
      return groups_for(fours, lanes * vectors) * lanes * vectors;
    };
    uint32_t vectors = 4;
    while (vectors > 1 && columns(vectors) * 8 > columns(vectors / 2) * 9) vectors /= 2;
    return vectors;
  };
  t.rows = 16;
  t.vectors = widest(t.lanes);
  t.along_rows =
      (t.vectors < 4 && rows >= t.rows * t.lanes) || (fours * 2 <= t.lanes && rows >= t.lanes);
  if (t.along_rows) t.vectors = widest(1);
  const int64_t row_lanes = t.along_rows ? t.lanes : 1, column_lanes = t.along_rows ? 1 : t.lanes;
  while (t.rows > 1 && t.rows / 2 * row_lanes >= rows) t.rows /= 2;
  t.groups = {groups_for(rows, t.rows * row_lanes), groups_for(fours, t.vectors * column_lanes)};
  return t;
}

uint32_t depth_step(int64_t depth) { return depth % 4 == 0 ? 4 : depth % 2 == 0 ? 2 : 1; }
uint32_t dw_step(int64_t depth) { return depth > 2 ? 4 : depth > 1 ? 2 : 1; }

SharedTile shared_tile(const DeviceTraits& traits, int64_t rows, int64_t cols) {
  // 128 invocations and 8.3 KiB fit every device; a big problem gets tiles of 128 x 128 where they
  // fit.
  const bool big = rows >= 1024 && cols >= 512 && traits.max_workgroup_size >= 256 &&
                   traits.max_shared_bytes >= 32768;
  SharedTile t{};
  t.local = big ? 256 : 128;
  t.vectors = big ? 2 : 1;
  t.groups = {groups_for(rows, t.local / 2), groups_for(cols, 64 * t.vectors)};
  return t;
}

Split split_depth(bool cpu, int64_t rows, int64_t cols, int64_t units, int64_t unit_depth) {
  // Enough tiles for a large GPU or for the cores of a CPU, but not so short a depth that the
  // writing and adding of parts would count.
  const int64_t tiles = cpu ? groups_for(rows, 16) * groups_for(cols, 128)
                            : groups_for(rows, 64) * groups_for(cols, 64);
  const int64_t wanted = (cpu ? 16 : 512) / tiles, most = units * unit_depth / (cpu ? 256 : 128);
  const int64_t parts = std::max<int64_t>(1, std::min(wanted, most));
  Split split{};
  split.part = groups_for(units, parts);
  split.parts = groups_for(units, split.part);
  split.chunk = split.part;
  if (cpu) {
    // The panel of b that a row of tiles reads: 64 KiB.
    constexpr int64_t panel = 16384;
    const int64_t deepest = panel / std::clamp<int64_t>(cols, 32, 128);
    const int64_t chunks = groups_for(split.part, std::max<int64_t>(1, deepest / unit_depth));
    split.chunk = groups_for(split.part, chunks);
  }
  return split;
}

std::vector<TensorType> outputs_in_parts(const Shape& result, const Split& gpu, const Split& cpu) {
  std::vector<TensorType> types = {{result, DType::f32}};
  for (const Split& split : {gpu, cpu})
    types.push_back({{split.parts, split.parts > 1 ? result.elements() : 1}, DType::f32});
  return types;
}

uint64_t parts_address(const Node& n, Recorder& r, const Split& split) {
  return split.parts > 1 ? r.out(n, r.traits().cpu ? 2 : 1) : r.out(n);
}

void merge_parts(const Node& n, Recorder& r, const Split& split) {
  if (split.parts > 1)
    record_row_sums(r, r.back(n, r.traits().cpu ? 2 : 1), r.out(n),
                    {1, split.parts, n.out().elements(), split.parts});
}

}  // namespace lacuna
