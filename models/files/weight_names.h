// A model that only counts: its layers are made, and what they ask for is noted instead of loaded.
// So the names of a model follow from its code and its configuration, without a file.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "models/files/weights.h"

namespace lacuna {

class WeightNames : public WeightSource {
 public:
  // `configuration` is the file that messages name.
  explicit WeightNames(std::string configuration) : configuration_(std::move(configuration)) {}

  // Throws InputError once a configuration asks for more tensors than any network has.
  Parameter load(const std::string& name, std::span<const int64_t>, Layout layout) override {
    constexpr size_t most = 65536;
    if (names_.size() == most)
      throw InputError("[model] {} describes a network of more than {} tensors; correct the file",
                       configuration_, most);
    names_.push_back(name);
    return {.name = name, .layout = layout};
  }
  // Everything: of several names for one tensor, a model asks for today's.
  bool has(std::string_view) const override { return true; }

  const std::vector<std::string>& names() const { return names_; }

 private:
  std::string configuration_;
  std::vector<std::string> names_;  // in the order in which they were asked for
};

}  // namespace lacuna
