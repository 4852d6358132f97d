#include "erase/concept/effects.h"

#include <algorithm>
#include <cmath>

#include "models/walk.h"

namespace lacuna {

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); i++) sum += double(a[i]) * b[i];
  return sum;
}

Predicted difference(std::span<const float> a, std::span<const float> b) {
  Predicted d(a.begin(), a.end());
  for (size_t i = 0; i < d.size(); i++) d[i] -= b[i];
  return d;
}

double norm(std::span<const float> a) { return std::sqrt(dot(a, a)); }

double cosine(std::span<const float> a, std::span<const float> b) {
  const double lengths = norm(a) * norm(b);
  return lengths > 0 ? dot(a, b) / lengths : 0;
}

std::vector<std::vector<float>> predict_all(
    StableDiffusion& model, Predictor& predictor, LatentSize size,
    std::span<const std::pair<const Place*, Conditioning>> entries) {
  // The batch is fixed, so that the bits of an entry do not depend on how many there are.
  constexpr size_t batch = 8;
  std::vector<std::vector<float>> all;
  const std::span<const float> canvas = model.blank_canvas(size);
  for (size_t begin = 0; begin < entries.size(); begin += batch) {
    std::vector<DenoiserInput> inputs;
    const size_t count = std::min(batch, entries.size() - begin);
    for (size_t i = 0; i < batch; i++) {
      const auto& [place, conditioning] = entries[begin + std::min(i, count - 1)];
      inputs.push_back({place->latents, place->timestep, conditioning, canvas});
    }
    if (count <= batch / 2) inputs.resize(batch / 2);
    std::vector<std::vector<float>> part = predictor(inputs, size);
    for (size_t i = 0; i < count; i++) all.push_back(std::move(part[i]));
  }
  return all;
}

std::vector<std::vector<Place>> places_towards(StableDiffusion& model, TextCache& text,
                                               std::span<const std::string> texts,
                                               std::span<const uint64_t> seeds, LatentSize size,
                                               int steps, float guidance, std::span<const int> at,
                                               const std::function<void()>& go_on) {
  std::vector<Walk::Start> starts;
  const Conditioning neutral = text.conditioning("");
  for (size_t i = 0; i < texts.size(); i++)
    starts.push_back({{neutral, text.conditioning(texts[i])}, Rng(RngKind::torch, seeds[i])});
  std::vector<std::vector<Place>> all(texts.size());
  Walk walk(model, size, "ddim", {.steps = steps}, std::move(starts));
  const int last = *std::ranges::max_element(at);
  for (int call = 0; call <= last; call++) {
    go_on();
    const std::vector<Predictions> predictions = walk.predict(model.predictor(), call);
    for (size_t i = 0; i < texts.size(); i++) {
      if (std::ranges::find(at, call) != at.end())
        all[i].push_back({walk.input(i), walk.timestep(call)});
      if (call < last) walk.step(call, i, guided(predictions[i], guidance));
    }
  }
  return all;
}

void Effects::compute(std::span<const std::string> texts) {
  std::vector<std::string> missing;
  for (const std::string& t : texts)
    if (!known_.contains(t) && std::ranges::find(missing, t) == missing.end()) missing.push_back(t);
  std::vector<std::pair<const Place*, Conditioning>> entries;
  for (const std::string& t : missing)
    for (const Place& p : places_) entries.emplace_back(&p, text_.conditioning(t));
  const auto all = predict_all(model_, model_.predictor(), size_, entries);
  size_t next = 0;
  for (const std::string& t : missing) {
    Predicted& whole = known_[t];
    for (size_t p = 0; p < places_.size(); p++, next++)
      whole.insert(whole.end(), all[next].begin(), all[next].end());
  }
}

const Predicted& Effects::of(const std::string& text) {
  if (!known_.contains(text)) compute({&text, 1});
  return known_.at(text);
}

double Effects::distance(const std::string& a, const std::string& b) {
  const std::string both[] = {a, b};
  compute(both);
  return norm(difference(of(a), of(b)));
}

}  // namespace lacuna
