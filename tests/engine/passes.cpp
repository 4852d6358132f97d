// The executor's passes on hand-made and random graphs, against brute force. No device is needed.
#include "engine/passes.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <random>
#include <set>

using namespace lacuna;

namespace {

// An op of any number of inputs that makes `result` floats, and `scratch` more that a second
// dispatch of the same node reads.
struct Sizes {
  int64_t result = 1, scratch = 0;
};

std::vector<TensorType> made_outputs(const Node& n) {
  const Sizes sizes = n.as<Sizes>();
  std::vector<TensorType> types = {{Shape{sizes.result}}};
  if (sizes.scratch > 0) types.push_back({Shape{sizes.scratch}});
  return types;
}

constexpr KernelVariant no_code = {"f32", {}, 0};
const Kernel no_kernel = {"test.made", {&no_code, 1}};
struct NoPush {
  uint64_t address;
};

void record_made(const Node& n, Recorder& r) {
  const bool scratch = n.outputs.size() > 1;
  if (scratch) {
    for (size_t i = 0; i < n.inputs.size(); i++) r.in(n, static_cast<int>(i));
    r.dispatch(no_kernel, DType::f32, {}, NoPush{r.out(n, 1)}, {});
    r.back(n, 1);
  }
  for (size_t i = 0; i < n.inputs.size(); i++) r.in(n, static_cast<int>(i));
  r.dispatch(no_kernel, DType::f32, {}, NoPush{r.out(n)}, {});
}

const Op made_op = {"made", made_outputs, record_made};

Tensor made(Graph& g, std::vector<Tensor> inputs, int64_t result, int64_t scratch = 0) {
  return g.node(made_op, std::move(inputs), Sizes{result, scratch});
}

std::vector<Dispatch> lowered(const Graph& g) {
  return lower(g, prune(g), DeviceTraits{}, [](uint32_t) { return uint64_t{0}; });
}

// Nodes that read random earlier tensors; some of them are outputs.
void make_random(Graph& g, std::mt19937& bits, int nodes) {
  std::vector<Tensor> tensors = {g.input("x", {100}), g.parameter("w", {Shape{50}}, 1 << 20)};
  for (int i = 0; i < nodes; i++) {
    std::vector<Tensor> inputs;
    for (uint32_t k = bits() % 4; k > 0; k--) {
      // Mostly what was made lately, as in models.
      const size_t back =
          bits() % (bits() % 4 == 0 ? tensors.size() : std::min<size_t>(5, tensors.size()));
      inputs.push_back(tensors[tensors.size() - 1 - back]);
    }
    tensors.push_back(made(g, inputs, 1 + bits() % 3000, bits() % 3 == 0 ? 1 + bits() % 500 : 0));
    if (bits() % 12 == 0) g.output("y" + std::to_string(i), tensors.back());
  }
  g.output("last", tensors.back());
}

bool meet(const Lifetime& a, const Lifetime& b) { return a.first <= b.last && b.first <= a.last; }

void check_placement(std::span<const Lifetime> lives, const Placement& p, int64_t block) {
  REQUIRE(p.offsets.size() == lives.size());
  int64_t wrong = 0, end = 0;
  for (size_t i = 0; i < lives.size(); i++) {
    const int64_t begin = p.offsets[i], last = begin + lives[i].bytes - 1;
    wrong += begin % arena_alignment != 0 || begin / block != last / block;
    end = std::max(end, last + 1);
    for (size_t k = 0; k < i; k++)
      wrong +=
          meet(lives[i], lives[k]) && begin < p.offsets[k] + lives[k].bytes && p.offsets[k] <= last;
  }
  CHECK(wrong == 0);
  CHECK(end <= p.arena_bytes);
  CHECK(p.live_peak_bytes <= p.arena_bytes);
}

// The most bytes alive at one dispatch, counted at every dispatch.
int64_t brute_peak(std::span<const Lifetime> lives) {
  std::map<uint32_t, int64_t> at;
  for (const Lifetime& life : lives)
    for (uint32_t i = life.first; i <= life.last; i++)
      at[i] += (life.bytes + arena_alignment - 1) / arena_alignment * arena_alignment;
  int64_t peak = 0;
  for (const auto& [i, bytes] : at) peak = std::max(peak, bytes);
  return peak;
}

// Replays the dispatches on a memory that remembers which value was written where.
struct Memory {
  static constexpr uint32_t none = UINT32_MAX;
  std::vector<uint32_t> owner;
  std::map<uint32_t, std::pair<int64_t, int64_t>> ranges;  // value -> pages

  Memory(std::span<const Lifetime> lives, const Placement& p)
      : owner(p.arena_bytes / arena_alignment, none) {
    for (size_t i = 0; i < lives.size(); i++)
      ranges[lives[i].value] = {p.offsets[i] / arena_alignment,
                                (p.offsets[i] + lives[i].bytes - 1) / arena_alignment + 1};
  }
  bool holds(uint32_t value) const {
    const auto [begin, end] = ranges.at(value);
    return std::all_of(owner.begin() + begin, owner.begin() + end,
                       [&](uint32_t o) { return o == value; });
  }
  void write(uint32_t value) {
    const auto [begin, end] = ranges.at(value);
    std::fill(owner.begin() + begin, owner.begin() + end, value);
  }
};

// Res blocks on the way down, skips, concatenations on the way up: the memory profile of a UNet.
Tensor res_block(Graph& g, Tensor x, int64_t pixels, int64_t channels) {
  const auto norm = [&](Tensor t) {
    return made(g, {t}, t.shape().elements(), t.shape().elements() / 16 + 64);
  };
  Tensor h = made(g, {norm(x)}, pixels * channels);
  h = made(g, {norm(h)}, pixels * channels);
  if (x.shape().elements() != pixels * channels) x = made(g, {x}, pixels * channels);
  return made(g, {x, h}, pixels * channels);
}

Tensor unet(Graph& g, Tensor x) {
  std::vector<std::pair<Tensor, int64_t>> skips;  // with channels
  const int64_t widths[] = {320, 640, 1280, 1280};
  int64_t pixels = 64 * 64;
  Tensor h = made(g, {x}, pixels * 320);
  skips.push_back({h, 320});
  for (int level = 0; level < 4; level++) {
    for (int block = 0; block < 2; block++)
      skips.push_back({h = res_block(g, h, pixels, widths[level]), widths[level]});
    if (level < 3)
      skips.push_back({h = made(g, {h}, (pixels /= 4) * widths[level]), widths[level]});
  }
  h = res_block(g, h, pixels, 1280);
  for (int level = 3; level >= 0; level--) {
    for (int block = 0; block < 3; block++) {
      const auto [skip, channels] = skips.back();
      skips.pop_back();
      h = res_block(g, made(g, {h, skip}, h.shape().elements() + skip.shape().elements()), pixels,
                    widths[level]);
    }
    if (level > 0) h = made(g, {h}, (pixels *= 4) * widths[level]);
  }
  return made(g, {h}, pixels * 4);
}

}  // namespace

TEST_CASE("prune keeps exactly what outputs need, in order") {
  std::mt19937 bits(1);
  for (int round = 0; round < 50; round++) {
    Graph g;
    make_random(g, bits, 1 + round * 4);
    std::map<uint32_t, uint32_t> maker;  // value -> node
    for (uint32_t i = 0; i < g.nodes().size(); i++)
      for (const Tensor& t : g.nodes()[i].outputs) maker[t.id] = i;
    std::set<uint32_t> needed;
    std::vector<uint32_t> open;
    for (const auto& [name, tensor] : g.outputs()) open.push_back(tensor.id);
    while (!open.empty()) {
      const auto made_by = maker.find(open.back());
      open.pop_back();
      if (made_by == maker.end() || !needed.insert(made_by->second).second) continue;
      for (const Tensor& t : g.nodes()[made_by->second].inputs) open.push_back(t.id);
    }
    CHECK(prune(g) == std::vector<uint32_t>(needed.begin(), needed.end()));
  }
}

TEST_CASE("prune of a graph without outputs keeps nothing") {
  Graph g;
  made(g, {g.input("x", {3})}, 3);
  CHECK(prune(g).empty());
  CHECK(lowered(g).empty());
  CHECK(lifetimes(g, {}).empty());
}

TEST_CASE("an output that is only scratch keeps its node") {
  Graph g;
  made(g, {}, 8, 4);
  g.output("scratch", g.nodes()[0].outputs[1]);
  CHECK(prune(g) == std::vector<uint32_t>{0});
}

TEST_CASE("lifetimes span first to last use; outputs stay to the end") {
  Graph g;
  const Tensor x = g.input("x", {4});
  const Tensor a = made(g, {x}, 10);      // dispatch 0
  const Tensor b = made(g, {a}, 20, 30);  // dispatches 1, 2
  const Tensor c = made(g, {b}, 40);      // dispatch 3
  const Tensor d = made(g, {c}, 50);      // dispatch 4
  g.output("a", a);
  g.output("d", d);
  const std::vector<Dispatch> dispatches = lowered(g);
  REQUIRE(dispatches.size() == 5);
  std::map<uint32_t, std::pair<uint32_t, uint32_t>> spans;
  for (const Lifetime& life : lifetimes(g, dispatches)) spans[life.value] = {life.first, life.last};
  using Span = std::pair<uint32_t, uint32_t>;
  CHECK(spans.size() == 5);
  CHECK(spans.at(a.id) == Span{0, 4});
  CHECK(spans.at(b.id) == Span{2, 3});
  CHECK(spans.at(g.nodes()[1].outputs[1].id) == Span{1, 2});
  CHECK(spans.at(c.id) == Span{3, 4});
  CHECK(spans.at(d.id) == Span{4, 4});
}

TEST_CASE("lowering twice gives the same dispatches, with other addresses") {
  Graph g;
  std::mt19937 bits(2);
  make_random(g, bits, 60);
  const std::vector<uint32_t> kept = prune(g);
  const std::vector<Dispatch> first = lowered(g);
  const std::vector<Dispatch> second =
      lower(g, kept, DeviceTraits{}, [](uint32_t value) { return uint64_t{4096} * (value + 1); });
  REQUIRE(first.size() == second.size());
  for (size_t i = 0; i < first.size(); i++) {
    CHECK(first[i].node == second[i].node);
    REQUIRE(first[i].accesses.size() == second[i].accesses.size());
    uint64_t address;
    std::memcpy(&address, second[i].push.data(), sizeof(address));
    // The dispatch's result is what it touched last.
    CHECK(address == uint64_t{4096} * (first[i].accesses.back().value + 1));
  }
}

TEST_CASE("fold spreads any number of groups within the limits of every device") {
  for (int64_t count : {int64_t{1}, int64_t{7}, int64_t{65535}, int64_t{65536}, int64_t{65537},
                        int64_t{1} << 20, (int64_t{1} << 31) - 1}) {
    const Groups groups = Recorder::fold(count);
    const int64_t total = int64_t{groups.x} * groups.y;
    CHECK(groups.x <= 65535);
    CHECK(groups.y <= 65535);
    CHECK(total >= count);
    CHECK(total - count < groups.y);
  }
}

TEST_CASE("place: random live ranges never overlap nor cross blocks") {
  std::mt19937 bits(3);
  for (int round = 0; round < 200; round++) {
    const int64_t block = round % 2 ? arena_alignment * (40 + bits() % 100) : int64_t{1} << 40;
    std::vector<Lifetime> lives;
    for (uint32_t i = 0; i < 1 + bits() % 120; i++) {
      const uint32_t first = bits() % 100;
      lives.push_back({i, 1 + static_cast<int64_t>(bits()) % 10000, first,
                       first + static_cast<uint32_t>(bits()) % 12});
    }
    const Placement p = place(lives, block);
    check_placement(lives, p, block);
    CHECK(p.live_peak_bytes == brute_peak(lives));
  }
}

TEST_CASE("place: a value of a whole block fits, beside small ones") {
  const int64_t block = 4 * arena_alignment;
  const std::vector<Lifetime> lives = {
      {0, 100, 0, 9}, {1, block, 0, 9}, {2, block - 1, 0, 9}, {3, 300, 0, 9}};
  const Placement p = place(lives, block);
  check_placement(lives, p, block);
  CHECK(p.arena_bytes <= 3 * block);
}

TEST_CASE("no value is overwritten before its last reader, in one arena or many blocks") {
  std::mt19937 bits(4);
  for (int round = 0; round < 60; round++) {
    Graph g;
    make_random(g, bits, 5 + round * 3);
    const std::vector<Dispatch> dispatches = lowered(g);
    const std::vector<Lifetime> lives = lifetimes(g, dispatches);
    const int64_t block = round % 2 ? 64 * arena_alignment : int64_t{1} << 40;
    const Placement p = place(lives, block);
    check_placement(lives, p, block);
    Memory memory(lives, p);
    int64_t wrong = 0;
    for (const Dispatch& d : dispatches) {
      for (const Access& a : d.accesses)
        if (!a.write && memory.ranges.count(a.value)) wrong += !memory.holds(a.value);
      for (const Access& a : d.accesses)
        if (a.write) memory.write(a.value);
      // What is read must survive the same dispatch's writes: kernels run in any order.
      for (const Access& a : d.accesses)
        if (memory.ranges.count(a.value)) wrong += !memory.holds(a.value);
    }
    for (const auto& [name, tensor] : g.outputs())
      if (memory.ranges.count(tensor.id)) wrong += !memory.holds(tensor.id);
    CHECK(wrong == 0);
  }
}

TEST_CASE("the arena of a UNet is its live peak") {
  Graph g;
  g.output("y", unet(g, g.input("x", {64 * 64 * 4})));
  const std::vector<Dispatch> dispatches = lowered(g);
  const std::vector<Lifetime> lives = lifetimes(g, dispatches);
  const Placement p = place(lives, int64_t{1} << 40);
  check_placement(lives, p, int64_t{1} << 40);
  MESSAGE(dispatches.size(), " dispatches, tensors of ", p.tensor_bytes >> 20, " MiB, live peak ",
          p.live_peak_bytes >> 20, " MiB, arena ", p.arena_bytes >> 20, " MiB");
  CHECK(static_cast<double>(p.arena_bytes) <= 1.02 * static_cast<double>(p.live_peak_bytes));
}

namespace {

bool conflict(const std::vector<Range>& a, const std::vector<Range>& b) {
  for (const Range& x : a)
    for (const Range& y : b)
      if ((x.write || y.write) && x.begin < y.end && y.begin < x.end) return true;
  return false;
}

// Every pair in conflict has a barrier between its two; and before every barrier's dispatch, the
// run since the barrier before has one that conflicts with it.
void check_barriers(const std::vector<std::vector<Range>>& ranges) {
  const std::vector<bool> before = barriers(ranges);
  REQUIRE(before.size() == ranges.size());
  int64_t missing = 0, needless = 0;
  size_t run = 0;  // where the run that ends before j began
  for (size_t j = 0; j < ranges.size(); j++) {
    for (size_t i = 0; i < j; i++) {
      const bool apart =
          std::find(before.begin() + i + 1, before.begin() + j + 1, true) != before.begin() + j + 1;
      missing += conflict(ranges[i], ranges[j]) && !apart;
    }
    if (!before[j]) continue;
    needless += std::none_of(ranges.begin() + run, ranges.begin() + j,
                             [&](const auto& earlier) { return conflict(earlier, ranges[j]); });
    run = j;
  }
  CHECK(missing == 0);
  CHECK(needless == 0);
}

}  // namespace

TEST_CASE("barriers agree with a brute-force hazard oracle") {
  std::mt19937 bits(5);
  for (int round = 0; round < 300; round++) {
    const uint64_t space = 10 + bits() % 1000;
    std::vector<std::vector<Range>> ranges(1 + bits() % 40);
    for (auto& dispatch : ranges)
      for (uint32_t k = bits() % 4; k > 0; k--) {
        const uint64_t begin = bits() % space;
        dispatch.push_back({begin, begin + 1 + bits() % 50, bits() % 3 == 0});
      }
    check_barriers(ranges);
  }
}

TEST_CASE("barriers: the four hazards, and neighbours that only touch") {
  const auto at_second = [](Range a, Range b) -> bool {
    return barriers(std::vector<std::vector<Range>>{{a}, {b}})[1];
  };
  CHECK(at_second({0, 8, true}, {4, 12, false}));
  CHECK(at_second({0, 8, false}, {4, 12, true}));
  CHECK(at_second({0, 8, true}, {7, 8, true}));
  CHECK_FALSE(at_second({0, 8, false}, {0, 8, false}));
  CHECK_FALSE(at_second({0, 8, true}, {8, 16, true}));
}

TEST_CASE("independent branches share a run without barriers") {
  Graph g;
  const Tensor x = g.input("x", {64});
  std::vector<Tensor> heads;
  for (int i = 0; i < 5; i++) heads.push_back(made(g, {x}, 64));
  g.output("y", made(g, heads, 64));
  const std::vector<Dispatch> dispatches = lowered(g);
  const std::vector<Lifetime> lives = lifetimes(g, dispatches);
  const Placement p = place(lives, int64_t{1} << 40);
  std::map<uint32_t, uint64_t> at;
  for (size_t i = 0; i < lives.size(); i++)
    at[lives[i].value] = (1 << 20) + static_cast<uint64_t>(p.offsets[i]);
  std::vector<std::vector<Range>> ranges;
  for (const Dispatch& d : dispatches) {
    ranges.emplace_back();
    for (const Access& a : d.accesses)
      ranges.back().push_back({at[a.value], at[a.value] + 256, a.write});
  }
  CHECK(barriers(ranges) == std::vector<bool>{false, false, false, false, false, true});
}
