// Which parameters a method changes: the named sets of the papers and their programs, and patterns.
//
//   x                      the set of that name
//   *.attn2.to_[kv].*      a pattern over tensor names (glob.h)
//   mid_block.*,self       several of both
//   full,!*norm*           what follows ! is left out
//   7                      layer 7 of a text encoder
//   4-11,!*norm*           its layers 4 to 11 without their norms
//
// Sets are rules over names and ranks of checkpoint tensors, in diffusers' and transformers'
// naming; they work for every size of model.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "models/files/model_part.h"

namespace lacuna {

struct NamedShape {
  std::string name;
  std::vector<int64_t> shape;

  int64_t scalars() const;
};

// The parameters of a part of a model, by name.
struct PartParameters {
  ModelPart part;
  std::vector<NamedShape> all;
};

// Those of the part's weights file; tables of whole numbers are none.
PartParameters parameters_of(ModelPart part, const TensorFile& file);

struct Facts;  // what a rule may look at

struct ParameterSet {
  std::string_view name;
  std::string_view also;   // what papers' programs call it, separated by spaces: also understood
  std::string_view about;  // at most 43 characters
  uint8_t networks;        // whose parameters it takes: bit 1 << Network
  bool (*rule)(const Facts&);

  bool is_of(ModelPart part) const {
    return (networks >> static_cast<int>(part->network) & 1) != 0;
  }
};

std::span<const ParameterSet> parameter_sets();
// The sets of a part for help texts: a line each, within 80 columns.
std::string sets_text(ModelPart part);

// The indices in `all` of a set's tensors.
std::vector<size_t> members(std::span<const NamedShape> all, const ParameterSet& set);

// The names that `selector` selects, in the order of the parameters. With exclusions only, they are
// taken from all. Throws InputError, with the nearest names, if a set is unknown, if a pattern
// matches nothing (also if it is one of several), or if nothing is left.
std::vector<std::string> select(const PartParameters& of, std::string_view selector);

}  // namespace lacuna
