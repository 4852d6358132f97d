#include "engine/gradients.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "engine/error.h"
#include "engine/ops.h"

namespace lacuna {
namespace {

// One walk from y back to the wanted tensors.
class Walk {
 public:
  Walk(Graph& graph, std::span<const Tensor> wanted) : graph_(graph), end_(graph.nodes().size()) {
    depends_.resize(graph.values().size(), false);
    for (const Tensor& t : wanted) depends_[t.id] = true;
    for (size_t i = 0; i < end_; i++) {
      const Node& n = graph.nodes()[i];
      if (std::none_of(n.inputs.begin(), n.inputs.end(),
                       [&](const Tensor& t) { return depends_[t.id]; }))
        continue;
      for (const Tensor& t : n.outputs) depends_[t.id] = true;
    }
  }

  void run(Tensor y, Tensor dy) {
    add_to(y, dy);
    for (size_t i = end_; i-- > 0;) {
      // Appending nodes moves the graph's own, so this is a copy.
      const Node n = graph_.nodes()[i];
      if (n.outputs.empty() || !depends_[n.outputs[0].id]) continue;
      const auto found = sums_.find(n.outputs[0].id);
      if (found == sums_.end()) continue;
      Wanted wanted;
      for (const Tensor& t : n.inputs) wanted.push_back(depends_[t.id]);
      // Where the walk ends: a node that makes a wanted tensor of others.
      if (std::find(wanted.begin(), wanted.end(), true) == wanted.end()) continue;
      const Tensor dy_of_n = found->second.reshape(n.out());
      if (!n.op->backward) throw InputError("[gradients] {} cannot be differentiated", n.op->name);
      const Node source = recomputed(i, n);
      std::optional<Graph::Scope> scope;
      if (!n.scope.empty()) scope.emplace(graph_, n.scope);
      const Gradients grads = n.op->backward(source, dy_of_n, wanted);
      for (size_t k = 0; k < n.inputs.size(); k++)
        if (wanted[k]) add_to(n.inputs[k], grads.at(k));
    }
  }

  Tensor of(const Tensor& wanted) const {
    const auto found = sums_.find(wanted.id);
    if (found == sums_.end())
      throw InputError("[gradients] the result does not depend on '{}'",
                       graph_.values()[wanted.id].name);
    return found->second.reshape(wanted.shape());
  }

 private:
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
      graph_.node(*n.op, std::move(inputs), n.attributes);
      const Node& made = graph_.nodes().back();
      for (size_t k = 0; k < n.outputs.size(); k++) again_[n.outputs[k].id] = made.outputs[k].id;
    }
  }

  Graph& graph_;
  size_t end_;                                    // of the forward side
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
  Walk walk(*y.graph, wanted);
  walk.run(y, dy);
  std::vector<Tensor> results;
  for (const Tensor& t : wanted) results.push_back(walk.of(t));
  return results;
}

std::vector<Tensor> gradients(Tensor loss, std::span<const Tensor> wanted, float factor) {
  if (loss.shape().elements() != 1)
    throw InputError("[gradients] expects a loss of one element, not {}", loss.shape().str());
  return gradients(loss, fill(*loss.graph, loss.shape(), factor), wanted);
}

Tensor checkpoint(Graph& graph, const std::function<Tensor()>& block) {
  const size_t begin = graph.nodes().size();
  const Tensor result = block();
  graph.add_region({begin, graph.nodes().size()});
  return result;
}

}  // namespace lacuna
