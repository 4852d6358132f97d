#include "erase/trainables.h"

#include <algorithm>
#include <cmath>

#include "base/align.h"
#include "base/error.h"
#include "base/options/option.h"
#include "base/rng.h"
#include "engine/gradients.h"
#include "engine/ops.h"
#include "erase/edits/kohya.h"

namespace lacuna {
namespace {

constexpr int64_t most_in_block = int64_t{64} << 20;  // elements: 256 MiB
constexpr int64_t slice_alignment = 64;               // elements: what kernels and devices ask for

// A parameter as the matrix that LoRA factors: every axis but the outputs is an input.
Shape matrix_of(const Parameter& p) {
  return {p.type.shape.elements() / p.type.shape.last(), p.type.shape.last()};
}

std::vector<float> rows_of(std::span<const float> table, std::span<const int32_t> rows,
                           int64_t columns) {
  std::vector<float> chosen;
  for (const int32_t r : rows) {
    const auto row = table.subspan(static_cast<size_t>(r * columns), static_cast<size_t>(columns));
    chosen.insert(chosen.end(), row.begin(), row.end());
  }
  return chosen;
}

}  // namespace

Trainables::Trainables(Device& device, const WeightStore& base, std::span<const std::string> names,
                       int64_t rank, uint64_t seed, ModelPart part, std::span<const int32_t> rows)
    : device_(device), base_(base), part_(part), rank_(rank), rows_(rows.begin(), rows.end()) {
  choose_rows(names);
  for (const std::string& name : names) {
    const auto found = base.loaded().find(name);
    if (found == base.loaded().end())
      throw InputError("[train] the model does not use the tensor '{}', so it cannot be trained",
                       name);
    const Parameter& p = found->second;
    Target target{p, {}};
    if (rank_ == 0) {
      const auto chosen = static_cast<int64_t>(rows_.size());
      target.slices.push_back(
          reserve(name, rows_.empty() ? p.type.shape : Shape{chosen, p.type.shape.last()}));
    } else if (p.layout != Layout::plain) {
      const Shape m = matrix_of(p);
      if (rank_ > std::min(m[0], m[1]))
        throw InputError("[train] {} {} is more than '{}' has ({}); choose a smaller rank",
                         option("rank"), rank_, name, std::min(m[0], m[1]));
      target.slices.push_back(reserve(name + ".down", {m[0], rank_}));
      target.slices.push_back(reserve(name + ".up", {rank_, m[1]}));
    } else {
      continue;
    }
    targets_.push_back(std::move(target));
  }
  if (targets_.empty())
    throw InputError("[train] the selection has no matrix or convolution, and a LoRA needs one");
  for (Block& b : blocks_) {
    const auto bytes = static_cast<uint64_t>(b.elements) * 4;
    b.weight = Buffer(device, bytes, Memory::device, "trained weights");
    b.moment1 = Buffer(device, bytes, Memory::device, "Adam's first moments");
    b.moment2 = Buffer(device, bytes, Memory::device, "Adam's second moments");
    b.gradient = Buffer(device, bytes, Memory::device, "gradients");
    if (device.count_only()) continue;
    const std::vector<float> zeros(static_cast<size_t>(b.elements));
    for (const Buffer* buffer : {&b.weight, &b.moment1, &b.moment2})
      device.upload(*buffer, 0, std::as_bytes(std::span(zeros)));
  }
  if (device.count_only()) return;
  clear_gradients();
  Rng rng(RngKind::torch, seed);
  for (const Target& t : targets_) {
    if (rank_ == 0) {
      const std::vector<float> whole = base.values(t.base);
      fill(t.slices[0], rows_.empty() ? whole : rows_of(whole, rows_, t.slices[0].shape.last()));
      continue;
    }
    // kaiming_uniform with a = sqrt(5), as kohya and PEFT start; `up` stays zero, so the edit does.
    std::vector<float> down(static_cast<size_t>(t.slices[0].shape.elements()));
    const float bound = 1 / std::sqrt(static_cast<float>(t.slices[0].shape[0]));
    for (float& v : down) v = (2 * rng.uniform() - 1) * bound;
    fill(t.slices[0], down);
  }
}

void Trainables::choose_rows(std::span<const std::string> names) {
  if (rows_.empty()) return;
  const auto table = names.size() == 1 ? base_.loaded().find(names[0]) : base_.loaded().end();
  if (rank_ > 0 || table == base_.loaded().end() || table->second.type.shape.rank() != 2 ||
      table->second.layout != Layout::plain)
    throw InputError("[train] rows are trained of one embedding table, and without {}",
                     option("rank"));
  for (const int32_t r : rows_)
    if (r < 0 || r >= table->second.type.shape[0])
      throw InputError("[train] '{}' has no row {}", names[0], r);
  row_numbers_ = Buffer(device_, rows_.size() * 4, Memory::device, "numbers of trained rows");
  if (!device_.count_only()) device_.upload(row_numbers_, 0, std::as_bytes(std::span(rows_)));
}

Trainables::Slice Trainables::reserve(std::string name, Shape shape) {
  const int64_t elements = align_up(shape.elements(), slice_alignment);
  if (blocks_.empty() || blocks_.back().elements + elements > most_in_block) blocks_.emplace_back();
  Block& block = blocks_.back();
  const Slice slice{std::move(name), blocks_.size() - 1, block.elements, shape};
  block.elements += elements;
  scalars_ += shape.elements();
  return slice;
}

void Trainables::fill(const Slice& slice, std::span<const float> values) {
  device_.upload(blocks_[slice.block].weight, static_cast<uint64_t>(slice.offset) * 4,
                 std::as_bytes(values));
}

std::vector<float> Trainables::read(const Slice& slice) {
  std::vector<float> values(static_cast<size_t>(slice.shape.elements()));
  device_.download(blocks_[slice.block].weight, static_cast<uint64_t>(slice.offset) * 4,
                   std::as_writable_bytes(std::span(values)));
  return values;
}

Tensor Trainables::weight(Graph& graph, const Slice& s) const {
  return graph.parameter(s.name, {s.shape, DType::f32}, s.address(blocks_[s.block].weight));
}

Tensor Trainables::gradient(Graph& graph, const Slice& s) const {
  return graph.parameter(s.name + " gradient", {s.shape, DType::f32},
                         s.address(blocks_[s.block].gradient));
}

void Trainables::replace(Graph& graph) const {
  for (const Target& t : targets_)
    graph.replace(t.base.address, [this, &t](Graph& g) {
      const DType dtype = t.base.type.dtype;
      if (rank_ == 0 && rows_.empty()) return cast(weight(g, t.slices[0]), dtype);
      // The frozen matrix itself: asking by name would come back here.
      const Tensor frozen = g.frozen(t.base.name, t.base.type, t.base.address);
      if (rank_ == 0) {
        const Shape count = {static_cast<int64_t>(rows_.size())};
        const Tensor numbers =
            g.parameter("trained rows", {count, DType::i32}, row_numbers_.address());
        return replace_rows(frozen, numbers, cast(weight(g, t.slices[0]), dtype));
      }
      return linear(cast(weight(g, t.slices[0]), dtype), cast(weight(g, t.slices[1]), dtype), {},
                    frozen.reshape(matrix_of(t.base)))
          .reshape(t.base.type.shape);
    });
}

void Trainables::add_gradients(Graph& graph, Tensor loss, float factor) const {
  std::vector<const Slice*> slices;
  std::vector<Tensor> wanted;
  for (const Target& t : targets_)
    for (const Slice& s : t.slices) {
      slices.push_back(&s);
      wanted.push_back(weight(graph, s));
    }
  gradients(loss, wanted, [&](size_t i, Tensor g) {
    lacuna::accumulate(gradient(graph, *slices[i]), g, factor);
  });
}

Tensor Trainables::update(Graph& graph, Tensor step, bool decoupled) const {
  std::vector<AdamState> states;
  std::vector<Tensor> gradients;
  for (const Block& b : blocks_) {
    const TensorType type{{b.elements}, DType::f32};
    states.push_back({graph.parameter("weights", type, b.weight.address()),
                      graph.parameter("moment1", type, b.moment1.address()),
                      graph.parameter("moment2", type, b.moment2.address()),
                      graph.parameter("gradients", type, b.gradient.address())});
    gradients.push_back(states.back().gradient);
  }
  const Tensor length = norm(gradients);
  for (const AdamState& s : states) adam(s, step, length, decoupled);
  return length;
}

std::vector<Trainables::Export> Trainables::exported() {
  std::vector<Export> all;
  for (const Target& t : targets_) {
    const Parameter& p = t.base;
    if (rank_ == 0) {
      std::vector<float> values = read(t.slices[0]);
      if (!rows_.empty()) {
        const auto columns = static_cast<size_t>(t.slices[0].shape.last());
        std::vector<float> whole = base_.values(p);
        for (size_t i = 0; i < rows_.size(); i++)
          std::copy_n(
              values.begin() + static_cast<std::ptrdiff_t>(i * columns), columns,
              whole.begin() + static_cast<std::ptrdiff_t>(static_cast<size_t>(rows_[i]) * columns));
        values = std::move(whole);
      }
      Export e{std::string(part_->edit_prefix) + p.name, p.shape,
               std::vector<float>(values.size())};
      to_checkpoint_layout(p.layout, p.shape, values, e.values);
      all.push_back(std::move(e));
      continue;
    }
    // [kh kw in, rank] is the engine's layout of a convolution with `rank` outputs.
    const std::string name = kohya_name(part_, p.name);
    std::vector<int64_t> down = p.shape, up(p.shape.size(), 1);
    down[0] = rank_;
    up[0] = p.shape[0];
    up[1] = rank_;
    const std::vector<float> a = read(t.slices[0]), b = read(t.slices[1]);
    Export e_down{name + kohya::down, down, std::vector<float>(a.size())};
    to_checkpoint_layout(p.layout, down, a, e_down.values);
    Export e_up{name + kohya::up, up, std::vector<float>(b.size())};
    to_checkpoint_layout(Layout::linear, up, b, e_up.values);
    all.push_back(std::move(e_down));
    all.push_back(std::move(e_up));
    all.push_back({name + kohya::alpha, {}, {static_cast<float>(rank_)}});
  }
  return all;
}

std::vector<std::pair<std::string, int64_t>> Trainables::state_sizes() const {
  std::vector<std::pair<std::string, int64_t>> sizes;
  for (size_t i = 0; i < blocks_.size(); i++)
    for (const char* kind : {"weight", "moment1", "moment2"})
      sizes.emplace_back(fmt::format("{}.{}", kind, i), blocks_[i].elements);
  return sizes;
}

std::vector<Trainables::StateTensor> Trainables::state() {
  std::vector<StateTensor> all;
  for (size_t i = 0; i < blocks_.size(); i++) {
    const Block& b = blocks_[i];
    const std::pair<const char*, const Buffer*> kinds[] = {
        {"weight", &b.weight}, {"moment1", &b.moment1}, {"moment2", &b.moment2}};
    for (const auto& [kind, buffer] : kinds) {
      StateTensor t{fmt::format("{}.{}", kind, i),
                    std::vector<float>(static_cast<size_t>(b.elements))};
      device_.download(*buffer, 0, std::as_writable_bytes(std::span(t.values)));
      all.push_back(std::move(t));
    }
  }
  return all;
}

void Trainables::begin_from(std::span<const Export> tensors) {
  for (const Export& e : tensors) {
    const auto same = [&](const Target& t) {
      return std::string(part_->edit_prefix) + t.base.name == e.name && t.base.shape == e.shape;
    };
    const auto found = std::ranges::find_if(targets_, same);
    if (rank_ > 0 || !rows_.empty() || found == targets_.end())
      throw InputError("[train] training cannot begin from another '{}', as it is not trained",
                       e.name);
    std::vector<float> values(e.values.size());
    to_engine_layout(found->base.layout, e.shape, e.values, values);
    fill(found->slices[0], values);
  }
}

double Trainables::rms() {
  double sum = 0;
  for (const Target& t : targets_)
    for (const Slice& slice : t.slices)
      for (const float v : read(slice)) sum += double(v) * v;
  return std::sqrt(sum / static_cast<double>(scalars_));
}

void Trainables::set_state(std::span<const StateTensor> state) {
  size_t next = 0;
  for (Block& b : blocks_)
    for (const Buffer* buffer : {&b.weight, &b.moment1, &b.moment2}) {
      if (next >= state.size() || static_cast<int64_t>(state[next].values.size()) != b.elements)
        throw InputError(
            "[resume] the saved state does not fit what this run trains; start again with {}",
            option("force"));
      device_.upload(*buffer, 0, std::as_bytes(std::span(state[next++].values)));
    }
  clear_gradients();
}

void Trainables::clear_gradients() {
  for (Block& b : blocks_) {
    const std::vector<float> zeros(static_cast<size_t>(b.elements));
    device_.upload(b.gradient, 0, std::as_bytes(std::span(zeros)));
  }
}

}  // namespace lacuna
