#include "viewer/vulkan/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"

namespace lacuna::viewer {

void Context::draw(bool compare, const std::vector<float>& inside) {
  if (!can_draw()) return;
  Form& f = settings.form;
  if (!f.seed_locked && !compare) f.seed = dice() >> 32;
  DrawRequest r;
  r.image = {f.prompt, f.negative, f.seed};
  r.options.sampler = f.sampler;
  r.options.steps = f.steps;
  r.options.guidance = f.guidance;
  r.options.width = f.width > 0 ? f.width : now.model.default_size;
  r.options.height = f.height > 0 ? f.height : now.model.default_size;
  r.options.rng = f.rng;
  r.vae_every = f.vae_every;
  r.compare = compare;
  r.inside = inside;
  r.region_mode = parse_region_mode(f.region_mode);
  r.save = !compare;  // a comparison is looked at, and drawn again with every move of a slider
  for (const EditChoice& e : edits)
    if (e.on && e.strength != 0) r.edits.push_back(e);
  opened.reset();
  worker.draw(r);
}

void Context::add_edit(const std::filesystem::path& file) {
  for (const EditChoice& e : edits)
    if (e.file == file) return;
  try {
    Edit::open(file);  // what is no such file is refused now, not at the next drawing
  } catch (const Error& e) { return say(e.what(), true); }
  edits.push_back({file, 1, true});
  say(fmt::format("{} added to the edits", display(file.filename())));
}

bool Context::copy(std::vector<std::byte> png) {
  if (!clipboard) clipboard = Clipboard::open(window.handle());
  return clipboard && clipboard->put(std::move(png));
}

void Context::open_model(const std::filesystem::path& folder) {
  std::error_code ignored;  // remembered for starts from another folder
  const std::string text = display(std::filesystem::absolute(folder, ignored));
  settings.model = text;
  std::vector<std::string>& recent = settings.recent_models;
  std::erase(recent, text);
  recent.insert(recent.begin(), text);
  if (recent.size() > 8) recent.pop_back();
  settings.form.width = settings.form.height = 0;  // the new model's own size
  worker.open_model(folder);
}

void Context::take(const OpenedPicture& picture) {
  if (!picture.error.empty()) {
    say(picture.error, true);
    return;
  }
  opened = picture;
  if (!picture.parameters) {
    say(display(picture.file.filename()) + " says nothing about how it was made");
    return;
  }
  const ReadParameters& p = *picture.parameters;
  Form& f = settings.form;
  f.prompt = p.prompt;
  f.negative = p.negative;
  if (p.steps) f.steps = std::clamp(*p.steps, 1, 1000);
  if (p.sampler) f.sampler = *p.sampler;
  if (p.guidance) f.guidance = std::clamp(*p.guidance, 0.0f, 100.0f);
  if (p.seed) f.seed = *p.seed;
  if (p.width) f.width = std::clamp<int64_t>(*p.width, 0, 8192);
  if (p.height) f.height = std::clamp<int64_t>(*p.height, 0, 8192);
  if (p.rng) f.rng = *p.rng;
  f.seed_locked = true;  // the same picture again
  say("settings of " + display(picture.file.filename()) + " taken over; the seed is locked");
}

std::string clock_text(double seconds) {
  const auto s = static_cast<int64_t>(seconds + 0.5);
  return fmt::format("{}:{:02}", s / 60, s % 60);
}

}  // namespace lacuna::viewer
