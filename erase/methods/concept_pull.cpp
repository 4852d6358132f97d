#include "erase/methods/concept_pull.h"

namespace lacuna {

std::vector<TextStates> states_under(StableDiffusion& model, TextCache& text,
                                     const Overlay& edited_text,
                                     const std::vector<std::string>& texts) {
  model.text_encoder().set_overlay(edited_text);
  std::vector<TextStates> states;
  for (const std::string& t : texts) states.push_back(text.states(t));
  model.text_encoder().set_overlay({});
  return states;
}

void ConceptPull::add(std::vector<float> latents, LatentSize size, float timestep,
                      std::string text) {
  const UNetInput both[] = {{latents, timestep, text_.states("")},
                            {latents, timestep, text_.states(text)}};
  std::vector<std::vector<float>> e = model_.predictor()(both, size);
  for (size_t k = 0; k < e[0].size(); k++) e[1][k] -= e[0][k];
  places_.push_back(
      {std::move(latents), std::move(e[0]), std::move(e[1]), size, timestep, std::move(text)});
}

double ConceptPull::under(const Overlay& edited_text) {
  std::vector<std::string> texts;
  for (const Place& p : places_) texts.push_back(p.text);
  const std::vector<TextStates> states = states_under(model_, text_, edited_text, texts);
  double along = 0, whole = 0;
  for (size_t i = 0; i < places_.size(); i++) {
    const Place& p = places_[i];
    const UNetInput input{p.latents, p.timestep, states[i]};
    const std::vector<float> e = model_.predictor()({&input, 1}, p.size)[0];
    for (size_t k = 0; k < e.size(); k++) {
      along += double(e[k] - p.neutral[k]) * p.direction[k];
      whole += double(p.direction[k]) * p.direction[k];
    }
  }
  return whole > 0 ? along / whole : 0;
}

}  // namespace lacuna
