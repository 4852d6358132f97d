#include "viewer/settings.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"

namespace lacuna::viewer {
namespace {

using nlohmann::json;

constexpr size_t most_bytes = 1 << 20;

void take(const json& from, const char* key, std::string& value) {
  if (const auto f = from.find(key); f != from.end() && f->is_string())
    value = f->get<std::string>();
}
void take(const json& from, const char* key, bool& value) {
  if (const auto f = from.find(key); f != from.end() && f->is_boolean()) value = f->get<bool>();
}
template <typename T>
void take(const json& from, const char* key, T& value, T low, T high) {
  const auto f = from.find(key);
  if (f == from.end() || !f->is_number()) return;
  if (std::is_integral_v<T> && !f->is_number_integer()) return;
  const double number = f->get<double>();
  if (std::isfinite(number) && number >= static_cast<double>(low) &&
      number <= static_cast<double>(high))
    value = f->get<T>();
}

json object(const json& from, const char* key) {
  const auto f = from.find(key);
  return f != from.end() && f->is_object() ? *f : json::object();
}

}  // namespace

std::filesystem::path settings_file() {
  const std::filesystem::path folder = config_folder();
  return folder.empty() ? folder : folder / "viewer.json";
}

Settings Settings::load(const std::filesystem::path& file) {
  Settings s;
  std::error_code ignored;
  if (file.empty() || !std::filesystem::exists(file, ignored)) return s;
  std::string content;
  try {
    content = read_file(file, most_bytes);
  } catch (const Error&) { return s; }
  const json all = json::parse(content, nullptr, false);
  if (!all.is_object()) return s;
  const json window = object(all, "window"), form = object(all, "sample");
  take(window, "width", s.window.width, 320, 16384);
  take(window, "height", s.window.height, 240, 16384);
  take(window, "x", s.window.x, -1, 65536);
  take(window, "y", s.window.y, -1, 65536);
  take(window, "maximized", s.window.maximized);
  take(all, "dark", s.dark);
  take(all, "model", s.model);
  if (const auto recent = all.find("recent_models"); recent != all.end() && recent->is_array())
    for (const json& r : *recent)
      if (r.is_string() && s.recent_models.size() < 8) s.recent_models.push_back(r);
  take(form, "prompt", s.form.prompt);
  take(form, "negative", s.form.negative);
  take(form, "sampler", s.form.sampler);
  if (std::ranges::find(Sampler::names(), s.form.sampler) == Sampler::names().end())
    s.form.sampler = "ddim";
  take(form, "seed", s.form.seed, uint64_t{0}, UINT64_MAX);
  take(form, "seed_locked", s.form.seed_locked);
  take(form, "steps", s.form.steps, 1, 1000);
  take(form, "vae_every", s.form.vae_every, 0, 1000);
  take(form, "guidance", s.form.guidance, 0.0f, 100.0f);
  take(form, "width", s.form.width, int64_t{0}, int64_t{8192});
  take(form, "height", s.form.height, int64_t{0}, int64_t{8192});
  take(form, "region_mode", s.form.region_mode);
  if (std::ranges::find(region_modes, s.form.region_mode) == std::end(region_modes))
    s.form.region_mode = region_modes[0];
  const json erase = object(all, "erase");
  take(erase, "method", s.erase.method);
  take(erase, "prompts", s.erase.prompts);
  take(erase, "every", s.erase.every, int64_t{0}, int64_t{1'000'000});
  const json methods = object(erase, "options");
  for (const auto& [method, options] : methods.items()) {
    if (!options.is_object()) continue;
    for (const auto& [name, value] : options.items())
      if (value.is_string()) s.erase.options[method][name] = value;
  }
  const json browser = object(all, "browser"), folders = object(browser, "folders");
  take(browser, "hidden", s.browser.hidden);
  for (const auto& [kind, folder] : folders.items())
    if (folder.is_string()) s.browser.folders[kind] = folder;
  return s;
}

void Settings::save(const std::filesystem::path& file) const {
  if (file.empty()) return;
  const json all = {{"window",
                     {{"width", window.width},
                      {"height", window.height},
                      {"x", window.x},
                      {"y", window.y},
                      {"maximized", window.maximized}}},
                    {"dark", dark},
                    {"model", model},
                    {"recent_models", recent_models},
                    {"sample",
                     {{"prompt", form.prompt},
                      {"negative", form.negative},
                      {"sampler", form.sampler},
                      {"seed", form.seed},
                      {"seed_locked", form.seed_locked},
                      {"steps", form.steps},
                      {"vae_every", form.vae_every},
                      {"guidance", form.guidance},
                      {"width", form.width},
                      {"height", form.height},
                      {"region_mode", form.region_mode}}},
                    {"erase",
                     {{"method", erase.method},
                      {"prompts", erase.prompts},
                      {"every", erase.every},
                      {"options", erase.options}}},
                    {"browser", {{"folders", browser.folders}, {"hidden", browser.hidden}}}};
  try {
    make_folder(file.parent_path());
    write_file(file, all.dump(1, ' ', false, json::error_handler_t::replace) + "\n",
               Overwrite::yes);
  } catch (const Error&) {
    // The next start then begins with the defaults.
  }
}

}  // namespace lacuna::viewer
