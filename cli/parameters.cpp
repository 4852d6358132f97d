#include "cli/parameters.h"

#include <fmt/format.h>

#include <algorithm>

namespace lacuna {
namespace {

// A1111's names of the samplers.
std::string label_of(const std::string& sampler) {
  static const std::pair<const char*, const char*> names[] = {
      {"ddim", "DDIM"},   {"pndm", "PLMS"},       {"lms", "LMS"},
      {"euler", "Euler"}, {"euler_a", "Euler a"}, {"dpmpp_2m", "DPM++ 2M"}};
  for (const auto& [ours, theirs] : names)
    if (sampler == ours) return theirs;
  return sampler;
}

}  // namespace

std::string parameters_text(const ImageRequest& r, const GenerateOptions& o,
                            const StableDiffusion& model) {
  std::string text = r.prompt + "\n";
  if (!r.negative.empty()) text += "Negative prompt: " + r.negative + "\n";
  std::string name = model.name();
  std::replace(name.begin(), name.end(), ',', ' ');
  text += fmt::format("Steps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model: {}",
                      o.steps, label_of(o.sampler), o.guidance, r.seed, o.width, o.height, name);
  if (o.eta > 0) text += fmt::format(", Eta: {}", o.eta);
  return text + fmt::format(", RNG: {}, Version: lacuna {}", o.rng == RngKind::torch ? "CPU" : "NV",
                            LACUNA_VERSION);
}

}  // namespace lacuna
