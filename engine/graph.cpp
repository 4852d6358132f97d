#include "engine/graph.h"

#include "base/error.h"

namespace lacuna {

Tensor Tensor::reshape(Shape shape) const {
  if (shape.elements() != type.shape.elements())
    throw InputError("[reshape] {} has {} elements and cannot become {}", type.shape.str(),
                     type.shape.elements(), shape.str());
  return {graph, id, {shape, type.dtype}};
}

Tensor Graph::add_value(Value value) {
  values_.push_back(std::move(value));
  return {this, static_cast<uint32_t>(values_.size() - 1), values_.back().type};
}

Tensor Graph::input(std::string name, Shape shape, DType dtype) {
  return add_value({{shape, dtype}, Storage::input, 0, std::move(name)});
}

Tensor Graph::parameter(std::string name, TensorType type, uint64_t address) {
  if (const auto found = parameters_.find(address); found != parameters_.end())
    return found->second;
  const auto replaced = replacements_.find(address);
  if (replaced == replacements_.end())
    return parameters_[address] = frozen(std::move(name), type, address);
  const Tensor with = replaced->second(*this);
  if (with.shape() != type.shape || with.dtype() != type.dtype)
    throw InputError("[graph] the replacement of '{}' is {} {} and not {} {}", name,
                     name_of(with.dtype()), with.shape().str(), name_of(type.dtype),
                     type.shape.str());
  return parameters_[address] = with;
}

Tensor Graph::frozen(std::string name, TensorType type, uint64_t address) {
  const auto [found, is_new] = frozen_.try_emplace(address);
  if (is_new) found->second = add_value({type, Storage::parameter, address, std::move(name)});
  return found->second;
}

void Graph::replace(uint64_t address, std::function<Tensor(Graph&)> make) {
  if (make)
    replacements_[address] = std::move(make);
  else
    replacements_.erase(address);
  parameters_.erase(address);  // of what was traced before: the original model beside the edited
}

void Graph::output(std::string name, Tensor tensor) {
  outputs_.emplace_back(std::move(name), tensor);
}

Outputs Graph::node(const Op& op, std::vector<Tensor> inputs, Attributes attributes) {
  Node node{&op, std::move(inputs), {}, attributes, scope_};
  for (const Tensor& input : node.inputs)
    if (input.graph != this) throw InputError("[{}] got a tensor of another graph", op.name);
  for (TensorType& type : op.outputs(node)) node.outputs.push_back(add_value({type}));
  Outputs outputs(node.outputs);
  nodes_.push_back(std::move(node));
  return outputs;
}

Graph::Scope::Scope(Graph& graph, std::string_view name)
    : graph_(graph), length_(graph.scope_.size()) {
  if (!graph.scope_.empty()) graph.scope_ += '.';
  graph.scope_ += name;
}

Graph::Scope::~Scope() { graph_.scope_.resize(length_); }

}  // namespace lacuna
