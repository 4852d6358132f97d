#include "cli/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

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

// Readers split at commas and colons, and take values with such characters as JSON strings.
std::string quoted(const std::string& value) {
  if (value.find_first_of(",:\n\"") == std::string::npos) return value;
  return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

std::string parameters_text(const ImageRequest& r, const GenerateOptions& o,
                            const StableDiffusion& model, const std::string& edits) {
  std::string text = r.prompt + "\n";
  if (!r.negative.empty()) text += "Negative prompt: " + r.negative + "\n";
  std::string name = model.name();
  std::replace(name.begin(), name.end(), ',', ' ');
  text += fmt::format("Steps: {}, Sampler: {}, CFG scale: {}, Seed: {}, Size: {}x{}, Model: {}",
                      o.steps, label_of(o.sampler), o.guidance, r.seed, o.width, o.height, name);
  if (!edits.empty()) text += ", Edits: " + quoted(edits);
  if (o.eta > 0) text += fmt::format(", Eta: {}", o.eta);
  return text + fmt::format(", RNG: {}, Version: lacuna {}", o.rng == RngKind::torch ? "CPU" : "NV",
                            LACUNA_VERSION);
}

}  // namespace lacuna
