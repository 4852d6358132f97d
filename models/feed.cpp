#include "models/feed.h"

namespace lacuna {

void Feed::set(std::string input, std::vector<float> values) {
  inputs_.emplace_back(std::move(input), std::move(values));
}

void Feed::set(std::string input, std::vector<int32_t> values) {
  inputs_.emplace_back(std::move(input), std::move(values));
}

void Feed::to(Plan& plan) const {
  for (const auto& [name, values] : inputs_)
    std::visit([&](const auto& v) { plan.set(name, std::span(v)); }, values);
}

}  // namespace lacuna
