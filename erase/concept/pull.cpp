#include "erase/concept/pull.h"

#include <algorithm>

namespace lacuna {
namespace {

double mean(const std::vector<Progressed::Text>& all) {
  double sum = 0;
  for (const auto& t : all) sum += std::max(0.0, t.value);
  return all.empty() ? 0 : sum / static_cast<double>(all.size());
}

const Progressed::Text& largest(const std::vector<Progressed::Text>& all) {
  static const Progressed::Text none;
  return all.empty() ? none : *std::ranges::max_element(all, {}, &Progressed::Text::value);
}

}  // namespace

double Progressed::pull() const { return mean(pulls); }
double Progressed::drift() const { return mean(drifts); }
const Progressed::Text& Progressed::worst_pull() const { return largest(pulls); }
const Progressed::Text& Progressed::worst_drift() const { return largest(drifts); }

double PullAndDrift::pull_of(Effects& effects, const std::string& text, const std::string& sentence,
                             const std::string& anchor) {
  const Predicted& goal = effects.of(anchor);
  const Predicted direction = difference(effects.of(sentence), goal);
  const double whole = dot(direction, direction);
  return whole > 0 ? dot(difference(effects.of(text), goal), direction) / whole : 0;
}

void PullAndDrift::add_concept(Effects& effects, const std::string& sentence,
                               const std::string& anchor, std::string asked) {
  const Predicted goal = effects.of(anchor);
  Predicted direction = difference(effects.of(sentence), goal);
  if (asked.empty()) asked = sentence;
  all_.push_back({effects.places(), std::move(asked), true, goal, std::move(direction)});
}

void PullAndDrift::add_kept(Effects& effects, std::string text) {
  const Predicted goal = effects.of(text);
  Predicted direction = difference(goal, effects.of(""));
  all_.push_back({effects.places(), std::move(text), false, goal, std::move(direction)});
}

void PullAndDrift::add(PullAndDrift&& other) {
  std::ranges::move(other.all_, std::back_inserter(all_));
}

std::vector<Predicted> PullAndDrift::predictions(Predictor& predictor, TextCache& text) const {
  std::vector<std::pair<const Place*, Conditioning>> entries;
  for (const Measured& m : all_)
    for (const Place& p : m.places) entries.emplace_back(&p, text.conditioning(m.text));
  const auto each = predict_all(*model_, predictor, size_, entries);
  std::vector<Predicted> whole(all_.size());
  size_t next = 0;
  for (size_t i = 0; i < all_.size(); i++)
    for (size_t p = 0; p < all_[i].places.size(); p++, next++)
      whole[i].insert(whole[i].end(), each[next].begin(), each[next].end());
  return whole;
}

Progressed PullAndDrift::of(Predictor& predictor, TextCache& text) const {
  const std::vector<Predicted> now = predictions(predictor, text);
  Progressed result;
  for (size_t i = 0; i < all_.size(); i++) {
    const Measured& m = all_[i];
    const Predicted off = difference(now[i], m.goal);
    const double whole = dot(m.direction, m.direction);
    const double value = whole > 0 ? dot(off, m.concept_ ? m.direction : off) / whole : 0;
    (m.concept_ ? result.pulls : result.drifts).push_back({m.text, value});
  }
  return result;
}

}  // namespace lacuna
