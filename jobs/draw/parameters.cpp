#include "jobs/draw/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace lacuna {
namespace {

// A1111's names of the samplers.
constexpr std::pair<const char*, const char*> sampler_labels[] = {
    {"ddim", "DDIM"},   {"pndm", "PLMS"},       {"lms", "LMS"},
    {"euler", "Euler"}, {"euler_a", "Euler a"}, {"dpmpp_2m", "DPM++ 2M"}};

std::string label_of(const std::string& sampler) {
  for (const auto& [ours, theirs] : sampler_labels)
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

namespace {

template <typename T>
std::optional<T> number(std::string_view text) {
  T value{};
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || at != end) return {};
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(value)) return {};
  return value;
}

// Where the value that begins at `begin` ends: at a comma, or behind the quotes around it.
size_t end_of_value(std::string_view line, size_t begin) {
  if (begin < line.size() && line[begin] == '"')
    for (size_t i = begin + 1; i < line.size(); i++) {
      if (line[i] == '\\')
        i++;
      else if (line[i] == '"')
        return i + 1;
    }
  return std::min(line.find(',', begin), line.size());
}

void take(ReadParameters& p, std::string_view key, std::string_view value) {
  if (key == "Steps") p.steps = number<int>(value);
  if (key == "CFG scale") p.guidance = number<float>(value);
  if (key == "Eta") p.eta = number<float>(value);
  if (key == "Seed") p.seed = number<uint64_t>(value);
  if (key == "RNG" && value == "CPU") p.rng = RngKind::torch;
  if (key == "RNG" && value == "NV") p.rng = RngKind::philox;
  if (key == "Sampler")
    for (const auto& [ours, theirs] : sampler_labels)
      if (value == theirs) p.sampler = ours;
  if (const size_t x = value.find('x'); key == "Size" && x != std::string_view::npos) {
    const auto width = number<int64_t>(value.substr(0, x));
    const auto height = number<int64_t>(value.substr(x + 1));
    if (width && height) p.width = width, p.height = height;
  }
}

}  // namespace

ReadParameters read_parameters(const std::string& text) {
  ReadParameters p;
  // The settings are the last line; a prompt may have several.
  const size_t settings = text.rfind("Steps: ");
  const size_t line = settings == std::string::npos ? text.size() : settings;
  const std::string mark = "Negative prompt: ";
  const size_t negative = text.rfind("\n" + mark, line);
  const auto without_end = [](std::string t) {
    while (!t.empty() && t.back() == '\n') t.pop_back();
    return t;
  };
  p.prompt = without_end(text.substr(0, std::min(negative, line)));
  if (negative != std::string::npos && negative < line)
    p.negative =
        without_end(text.substr(negative + 1 + mark.size(), line - negative - 1 - mark.size()));
  const std::string_view rest = std::string_view(text).substr(line);
  for (size_t at = 0; at < rest.size();) {
    const size_t colon = rest.find(": ", at);
    if (colon == std::string_view::npos) break;
    const size_t end = end_of_value(rest, colon + 2);
    take(p, rest.substr(at, colon - at), rest.substr(colon + 2, end - colon - 2));
    at = std::min(rest.size(), end + 2);
  }
  return p;
}

}  // namespace lacuna
