#include "engine/ops/tile.h"

#include <algorithm>
#include <utility>

#include "engine/ops/sum_rows.h"

namespace lacuna {
namespace {

int64_t groups_for(int64_t count, int64_t each) { return (count + each - 1) / each; }

int64_t tiles(const Shape& product, int64_t rows, int64_t cols) {
  return groups_for(product[0], rows) * groups_for(product[1], cols);
}

// `wanted` parts, enough tiles for a large GPU or for the cores of a CPU, but at most as many as
// leave a depth beside which the writing and adding of parts does not count.
Split in_parts(int64_t wanted, int64_t most, int64_t units) {
  const int64_t part = groups_for(units, std::max<int64_t>(1, std::min(wanted, most)));
  return {groups_for(units, part), part, part};
}

}  // namespace

// Neighbouring groups share columns, so that a panel of b stays in the cache while rows pass.
Groups TileGroups::all(int64_t times) const {
  const Groups folded = Recorder::fold(rows * times);
  return {folded.x, static_cast<uint32_t>(columns), folded.y};
}

namespace {

// What is taken where nothing was measured.
LanesTile usual_lanes_tile(const DeviceTraits& traits, const LanesProduct& product) {
  const int64_t rows = product.rows, cols = product.cols;
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
  const int64_t block = t.rows * t.lanes;
  const bool wastes_rows = groups_for(rows, block) * block * 8 > rows * 9;
  if (t.along_rows && (product.tests_rows || wastes_rows) && fours % (5 * t.lanes) == 0) {
    t.along_rows = 0;  // five vectors waste no column of 320
    t.vectors = 5;
  }
  if (t.along_rows) t.vectors = widest(1);
  return t;
}

uint32_t code_of(const LanesTile& t) { return t.rows | t.vectors << 8 | t.along_rows << 16; }
void set_code(LanesTile& t, uint32_t code) {
  t.rows = code & 255;
  t.vectors = code >> 8 & 255;
  t.along_rows = code >> 16;
}

}  // namespace

LanesTile lanes_tile(const Recorder& r, const Node& n, const LanesProduct& p) {
  LanesTile t = usual_lanes_tile(r.traits(), p);
  const auto possible = [&](uint32_t step) {
    return p.mends_end ? step < 2 * p.depth : p.depth % step == 0;
  };
  t.step = possible(4) ? 4 : possible(2) ? 2 : 1;
  const auto row_lanes = [&](const LanesTile& tile) { return tile.along_rows ? tile.lanes : 1; };
  const auto add = [&](std::vector<uint32_t>& codes, LanesTile tile) {
    while (tile.rows > 1 && tile.rows / 2 * row_lanes(tile) >= p.rows) tile.rows /= 2;
    if (std::find(codes.begin(), codes.end(), code_of(tile)) == codes.end())
      codes.push_back(code_of(tile));
  };
  std::vector<uint32_t> codes;
  add(codes, t);
  if (r.traits().tuning) {
    for (const uint32_t along : {t.along_rows, 1 - t.along_rows})
      for (const auto& [tile_rows, vectors] : {std::pair{16u, 4u}, {8u, 4u}, {16u, 2u}, {16u, 5u}})
        add(codes, {t.lanes, tile_rows, vectors, along, t.step, {}});
  }
  set_code(t, r.choose(n, codes));
  const int64_t column_lanes = t.along_rows ? 1 : t.lanes;
  t.groups = {groups_for(p.rows, t.rows * row_lanes(t)),
              groups_for(groups_for(p.cols, 4), t.vectors * column_lanes)};
  return t;
}

SharedTile shared_tile(const Recorder& r, const Node& n, int64_t rows, int64_t cols) {
  // 128 invocations and 8.5 KiB fit every device; a big problem gets tiles of 128 x 128 where they
  // fit.
  const DeviceTraits& traits = r.traits();
  const auto fits = [&](uint32_t local, uint32_t vectors) {
    return local <= traits.max_workgroup_size &&
           64 * (local / 2 + 64 * vectors + 8) <= traits.max_shared_bytes;
  };
  const auto code = [](uint32_t local, uint32_t vectors) { return local | vectors << 16; };
  const bool big = rows >= 1024 && cols >= 512 && fits(256, 2);
  std::vector<uint32_t> codes = {big ? code(256, 2) : code(128, 1)};
  if (traits.tuning)
    for (const auto& [local, vectors] :
         {std::pair{128u, 1u}, {64u, 1u}, {256u, 1u}, {128u, 2u}, {256u, 2u}})
      if (fits(local, vectors) && code(local, vectors) != codes.front())
        codes.push_back(code(local, vectors));
  const uint32_t chosen = r.choose(n, codes);
  SharedTile t{chosen & 0xffff, chosen >> 16, {}};
  t.groups = {groups_for(rows, t.local / 2), groups_for(cols, 64 * t.vectors)};
  return t;
}

Split split_for_gpu(const Shape& product, int64_t depth) {
  return in_parts(512 / tiles(product, 64, 64), depth / 128, depth);
}

Split split_for_cpu(const Shape& product, int64_t units, int64_t unit_depth, DType type) {
  Split split = in_parts(16 / tiles(product, 16, 128), units * unit_depth / 256, units);
  // The panel of b that a row of tiles reads: 160 KiB. With 64 KiB the sums come and go too often,
  // 320 KiB share the cache with too little else.
  constexpr int64_t panel = 160 << 10;
  const int64_t row_bytes = std::clamp<int64_t>(product[1], 32, 128) * size_of(type);
  const int64_t deepest = std::max<int64_t>(1, panel / row_bytes / unit_depth);
  split.chunk = groups_for(split.part, groups_for(split.part, deepest));
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
