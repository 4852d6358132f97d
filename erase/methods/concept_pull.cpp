#include "erase/methods/concept_pull.h"

namespace lacuna {

std::vector<Conditioning> conditioning_under(StableDiffusion& model, const Overlay& edited_text,
                                             const std::vector<std::string>& texts) {
  TextPredictor edited(model.text_encoder(), edited_text);
  TextCache cache(edited);
  std::vector<Conditioning> all;
  for (const std::string& t : texts) all.push_back(cache.conditioning(t));
  return all;
}

void ConceptPull::add(std::vector<float> latents, LatentSize size, float timestep,
                      std::string text) {
  const std::span<const float> canvas = model_.blank_canvas(size);
  const DenoiserInput both[] = {{latents, timestep, text_.conditioning(""), canvas},
                                {latents, timestep, text_.conditioning(text), canvas}};
  std::vector<std::vector<float>> e = model_.predictor()(both, size);
  for (size_t k = 0; k < e[0].size(); k++) e[1][k] -= e[0][k];
  places_.push_back(
      {std::move(latents), std::move(e[0]), std::move(e[1]), size, timestep, std::move(text)});
}

double ConceptPull::under(const Overlay& edited_text) {
  std::vector<std::string> texts;
  for (const Place& p : places_) texts.push_back(p.text);
  const std::vector<Conditioning> edited = conditioning_under(model_, edited_text, texts);
  double along = 0, whole = 0;
  for (size_t i = 0; i < places_.size(); i++) {
    const Place& p = places_[i];
    const DenoiserInput input{p.latents, p.timestep, edited[i], model_.blank_canvas(p.size)};
    const std::vector<float> e = model_.predictor()({&input, 1}, p.size)[0];
    for (size_t k = 0; k < e.size(); k++) {
      along += double(e[k] - p.neutral[k]) * p.direction[k];
      whole += double(p.direction[k]) * p.direction[k];
    }
  }
  return whole > 0 ? along / whole : 0;
}

}  // namespace lacuna
