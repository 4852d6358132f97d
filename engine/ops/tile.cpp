#include "engine/ops/tile.h"

#include <algorithm>

namespace lacuna {
namespace {

uint32_t groups_for(int64_t count, int64_t each) { return static_cast<uint32_t>((count + each - 1) / each); }

}  // namespace

LanesTile lanes_tile(const DeviceTraits& traits, int64_t rows, int64_t cols) {
  LanesTile t{};
  t.lanes = std::clamp<uint32_t>(traits.subgroup_size, 4, 16);
  const int64_t fours = (cols + 3) / 4;
  // Few columns of work are wasted, then wide tiles: each value of a is loaded for all columns of a group.
  t.vectors = 1;
  int64_t least = -1;
  for (uint32_t vectors : {1u, 2u, 4u}) {
    const int64_t waste = groups_for(fours, t.lanes * vectors) * int64_t{t.lanes} * vectors - fours;
    if (least < 0 || waste * 8 <= least * 8 + fours) {
      t.vectors = vectors;
      least = waste;
    }
  }
  t.rows = 16;
  while (t.rows > 1 && t.rows / 2 >= rows) t.rows /= 2;
  t.groups = {groups_for(fours, t.lanes * t.vectors), groups_for(rows, t.rows), 1};
  return t;
}

SharedTile shared_tile(const DeviceTraits& traits, int64_t rows, int64_t cols) {
  SharedTile t{};
  // 128 invocations and 8 KiB fit every device; a big problem gets 128 x 128 tiles where they fit.
  const bool big = rows >= 1024 && cols >= 512 && traits.max_workgroup_size >= 256 && traits.max_shared_bytes >= 32768;
  t.local = big ? 256 : 128;
  t.vectors = big ? 2 : 1;
  t.groups = {groups_for(cols, 64 * int64_t{t.vectors}), groups_for(rows, t.local / 2), 1};
  return t;
}

}  // namespace lacuna
