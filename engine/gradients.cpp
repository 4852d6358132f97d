#include "engine/gradients.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "base/error.h"
#include "engine/ops.h"

namespace lacuna {
namespace {

// One walk from y back to the wanted tensors.
class Walk {
 public:
  Walk(Graph& graph, std::span<const Tensor> wanted)
      : graph_(graph), wanted_(wanted), end_(graph.nodes().size()), complete_(end_) {
    depends_.resize(graph.values().size(), false);
    for (size_t w = 0; w < wanted.size(); w++) {
      depends_[wanted[w].id] = true;
      never_used_[wanted[w].id].push_back(w);
    }
    for (size_t i = 0; i < end_; i++) {
      const Node& n = graph.nodes()[i];
      bool reached = false;
      for (const Tensor& t : n.inputs) {
        reached = reached || depends_[t.id];
        if (const auto first = never_used_.find(t.id); first != never_used_.end()) {
          complete_[i].insert(complete_[i].end(), first->second.begin(), first->second.end());
          never_used_.erase(first);
        }
      }
      reached = reached && !n.op->constant;
      for (const Tensor& t : n.outputs) depends_[t.id] = depends_[t.id] || reached;
    }
  }

  void run(Tensor y, Tensor dy, const Ready& ready) {
    add_to(y, dy);
    // What no node uses has a gradient only if it is the result itself.
    for (const auto& [id, list] : never_used_) {
      if (id != y.id) fail(id);
      for (size_t w : list) ready(w, sums_.at(id).reshape(wanted_[w].shape()));
    }
    for (size_t i = end_; i-- > 0;) {
      // Appending nodes moves the graph's own, so this is a copy.
      const Node n = graph_.nodes()[i];
      if (!n.outputs.empty() && depends_[n.outputs[0].id]) step(i, n);
      for (size_t w : complete_[i]) {
        const auto sum = sums_.find(wanted_[w].id);
        if (sum == sums_.end()) fail(wanted_[w].id);
        ready(w, sum->second.reshape(wanted_[w].shape()));
      }
    }
  }

 private:
  [[noreturn]] void fail(uint32_t id) const {
    throw InputError("[gradients] the result does not depend on '{}'", graph_.values()[id].name);
  }

  void step(size_t i, const Node& n) {
    const auto found = sums_.find(n.outputs[0].id);
    if (found == sums_.end()) return;
    Wanted wanted;
    for (const Tensor& t : n.inputs) wanted.push_back(depends_[t.id]);
    // Where the walk ends: a node that makes a wanted tensor of others.
    if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) return;
    const Tensor dy = found->second.reshape(n.out());
    if (!n.op->backward) throw InputError("[gradients] {} cannot be differentiated", n.op->name);
    const Node source = recomputed(i, n);
    std::optional<Graph::Scope> scope;
    if (!n.scope.empty()) scope.emplace(graph_, n.scope);
    const Gradients grads = n.op->backward(source, dy, wanted);
    for (size_t k = 0; k < n.inputs.size(); k++)
      if (wanted[k]) add_to(n.inputs[k], grads.at(k));
  }

  void add_to(const Tensor& input, Tensor dx) {
    dx = dx.reshape(graph_.values()[input.id].type.shape);
    Tensor& sum = sums_[input.id];
    sum = sum ? add(sum, dx) : dx;
  }

  // The node as it is, or, in a checkpointed region, with its inputs and outputs computed again.
  Node recomputed(size_t i, const Node& n) {
    const auto& regions = graph_.regions();
    const auto region = std::find_if(regions.begin(), regions.end(), [&](const Graph::Region& r) {
      return r.begin <= i && i < r.end;
    });
    if (region == regions.end()) return n;
    if (region->begin != region_begin_) repeat(*region);
    Node copy = n;
    for (auto* tensors : {&copy.inputs, &copy.outputs})
      for (Tensor& t : *tensors) t = again(t);
    return copy;
  }

  Tensor again(const Tensor& t) const {
    const auto found = again_.find(t.id);
    return found == again_.end() ? t : Tensor{t.graph, found->second, t.type};
  }

  void repeat(Graph::Region region) {
    region_begin_ = region.begin;
    again_.clear();
    for (size_t i = region.begin; i < region.end; i++) {
      const Node n = graph_.nodes()[i];
      std::vector<Tensor> inputs;
      for (const Tensor& t : n.inputs) inputs.push_back(again(t));
      std::optional<Graph::Scope> scope;
      if (!n.scope.empty()) scope.emplace(graph_, n.scope);
      const Outputs made = graph_.node(*n.op, std::move(inputs), n.attributes);
      for (size_t k = 0; k < n.outputs.size(); k++) again_[n.outputs[k].id] = made[k].id;
    }
  }

  Graph& graph_;
  std::span<const Tensor> wanted_;
  size_t end_;                                 // of the forward side
  std::vector<std::vector<size_t>> complete_;  // node -> wanted tensors that it is the first to use
  std::unordered_map<uint32_t, std::vector<size_t>> never_used_;  // wanted values of no node
  std::vector<bool> depends_;                     // value -> whether a wanted tensor reaches it
  std::unordered_map<uint32_t, Tensor> sums_;     // value -> its gradient so far
  size_t region_begin_ = SIZE_MAX;                // of the region that was repeated last
  std::unordered_map<uint32_t, uint32_t> again_;  // value -> the same value computed again
};

}  // namespace

std::vector<Tensor> gradients(Tensor y, Tensor dy, std::span<const Tensor> wanted) {
  if (dy.shape() != y.shape() || dy.dtype() != DType::f32)
    throw InputError("[gradients] expects dy to be f32 {} like the result, not {} {}",
                     y.shape().str(), name_of(dy.dtype()), dy.shape().str());
  std::vector<Tensor> results(wanted.size());
  Walk(*y.graph, wanted).run(y, dy, [&](size_t w, Tensor gradient) { results[w] = gradient; });
  return results;
}

void gradients(Tensor loss, std::span<const Tensor> wanted, const Ready& ready) {
  if (loss.shape().elements() != 1)
    throw InputError("[gradients] expects a loss of one element, not {}", loss.shape().str());
  Walk walk(*loss.graph, wanted);
  walk.run(loss, fill(*loss.graph, loss.shape(), 1), ready);
}

std::vector<Tensor> gradients(Tensor loss, std::span<const Tensor> wanted) {
  std::vector<Tensor> results(wanted.size());
  gradients(loss, wanted, [&](size_t w, Tensor gradient) { results[w] = gradient; });
  return results;
}

Tensor checkpoint(Graph& graph, const std::function<Tensor()>& block) {
  const size_t begin = graph.nodes().size();
  const Tensor result = block();
  if (graph.recompute) graph.add_region({begin, graph.nodes().size()});
  return result;
}

}  // namespace lacuna
