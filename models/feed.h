// Values for inputs of a plan, by name: what is to be computed next, apart from the plan that
// computes it.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/plan.h"

namespace lacuna {

class Feed {
 public:
  void set(std::string input, std::vector<float> values);
  void set(std::string input, std::vector<int32_t> values);
  // Sets the plan's inputs of these names. Throws InputError when the plan has no such input or it
  // has another size.
  void to(Plan& plan) const;

 private:
  using Values = std::variant<std::vector<float>, std::vector<int32_t>>;
  std::vector<std::pair<std::string, Values>> inputs_;
};

}  // namespace lacuna
