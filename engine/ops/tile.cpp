#include "engine/ops/tile.h"

#include <algorithm>

namespace lacuna {
namespace {

int64_t groups_for(int64_t count, int64_t each) { return (count + each - 1) / each; }

// Neighbouring groups share columns, so that a panel of b stays in the cache while rows pass.
Groups groups(int64_t row_groups, int64_t column_groups) {
  const Groups rows = Recorder::fold(row_groups);
  return {rows.x, static_cast<uint32_t>(column_groups), rows.y};
}

}  // namespace

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
  t.groups =
      groups(groups_for(rows, t.rows * row_lanes), groups_for(fours, t.vectors * column_lanes));
  return t;
}

SharedTile shared_tile(const DeviceTraits& traits, int64_t rows, int64_t cols) {
  // 128 invocations and 8.3 KiB fit every device; a big problem gets tiles of 128 x 128 where they
  // fit.
  const bool big = rows >= 1024 && cols >= 512 && traits.max_workgroup_size >= 256 &&
                   traits.max_shared_bytes >= 32768;
  SharedTile t{};
  t.local = big ? 256 : 128;
  t.vectors = big ? 2 : 1;
  t.groups = groups(groups_for(rows, t.local / 2), groups_for(cols, 64 * t.vectors));
  return t;
}

}  // namespace lacuna
