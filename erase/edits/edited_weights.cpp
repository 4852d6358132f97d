#include "erase/edits/edited_weights.h"

#include "base/error.h"

namespace lacuna {

EditedWeights::EditedWeights(ModelPart part, const WeightStore& base, std::span<const Edit> edits,
                             bool force) {
  for_each_change(part, base.file(), edits, force, [&](const Change& c) {
    const auto found = base.loaded().find(c.name);
    if (found == base.loaded().end())
      throw InputError("[edit] '{}' lies in the model's file, but its {} does not read it", c.name,
                       part->about);
    const Parameter& p = found->second;
    std::vector<float> edited(c.original), values(c.original.size());
    for (size_t i = 0; i < edited.size(); i++) edited[i] += c.change[i];
    to_engine_layout(p.layout, p.shape, edited, values);
    Parameter copy = p;
    copy.address = base.upload_beside(buffers_, p, values);
    parameters_.emplace_back(p, copy);
  });
}

void EditedWeights::replace(Graph& graph) const {
  for (const auto& [original, edited] : parameters_)
    graph.replace(original.address, [&edited = edited](Graph& g) {
      return g.frozen(edited.name, edited.type, edited.address);
    });
}

}  // namespace lacuna
