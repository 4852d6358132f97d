#include "viewer/worker/session.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "erase/edits/difference.h"
#include "jobs/draw/parameters.h"
#include "jobs/model_options.h"
#include "pictures/region.h"
#include "viewer/panels/gallery.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

std::vector<Edit> opened(const std::vector<EditChoice>& choices) {
  std::vector<Edit> edits;
  for (const EditChoice& c : choices) edits.push_back(Edit::open(c.file, c.strength));
  return edits;
}

// Runs `work` and returns what went wrong, as one sentence.
std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const std::bad_alloc&) {
    return "[memory] the machine has no memory left for this; use a smaller size";
  } catch (const std::exception& e) { return e.what(); }
  return {};
}

// What of a drawing without edits depends on the request.
std::string key_of(const DrawRequest& r) {
  const GenerateOptions& o = r.options;
  return fmt::format("{}\n{}\n{} {} {} {} {} {}x{} {}", r.image.prompt, r.image.negative,
                     r.image.seed, o.sampler, o.steps, o.guidance, o.eta, o.width, o.height,
                     static_cast<int>(o.rng));
}

int calls_of(const StableDiffusion& model, const GenerateOptions& o) {
  return Sampler::make(o.sampler, model.noise_schedule(), {.steps = o.steps, .eta = o.eta})
      ->calls();
}

}  // namespace

void Session::tell_memory(Snapshot& s) const {
  s.allocated = device_.allocated_bytes();
  s.peak = device_.peak_bytes();
}

void Session::close() {
  edited_.reset();
  loaded_.clear();
  preview_.reset();
  text_.reset();
  model_.reset();
  original_image_ = {};
  original_key_.clear();
}

void Session::open(const fs::path& folder) {
  folder_ = folder;
  publish_([&](Snapshot& s) {
    s.model = {.folder = folder, .name = display(folder.filename()), .loading = true};
  });
  close();
  const std::string error = error_of([&] {
    model_ = std::make_unique<StableDiffusion>(device_, folder, parse_precision(precision_));
    if (draws_) model_->keep_decoded();
    text_.emplace(model_->text_predictor());
    preview_.emplace(*model_);
  });
  if (!error.empty()) close();
  publish_([&](Snapshot& s) {
    s.model.loading = false;
    s.model.error = error;
    s.model.ready = model_ != nullptr;
    if (model_) {
      s.model.name = model_->name();
      s.model.precision = name_of(model_->dtype());
      s.model.default_size = model_->default_size();
      s.model.factor = model_->vae_config().factor();
      s.model.weight_bytes = model_->weight_bytes();
    }
    tell_memory(s);
  });
}

void Session::open_again() {
  if (!folder_.empty()) open(folder_);
}

void Session::load_edits(const std::vector<EditChoice>& edits) {
  if (edited_ && loaded_ == edits) return;
  edited_.reset();
  loaded_ = edits;
  loaded_text_.clear();
  if (edits.empty()) return;
  const std::vector<Edit> files = opened(edits);
  edited_.emplace(*model_, files, false);
  loaded_text_ = describe(files);
}

void Session::draw(const DrawRequest& asked, const std::function<bool()>& go_on) {
  if (!model_) return;
  DrawRequest r = asked;
  begin_ = wall_seconds();
  preview_seconds_ = 0;
  calls_before_ = 0;
  bool finished = false;
  const std::string error = error_of([&] {
    if (r.options.width == 0) r.options.width = r.options.height = model_->default_size();
    const LatentSize size = model_->latent_size(r.options.width, r.options.height);
    const bool fresh_original = r.compare && original_key_ != key_of(r);
    const int calls = calls_of(*model_, r.options) * (fresh_original ? 2 : 1);
    publish_([&](Snapshot& s) {
      const uint64_t number = s.draw.number + 1;
      // What was there stays in view until something new comes, unless it has another shape.
      const Shown edited = s.draw.edited, original = s.draw.original;
      s.draw = {.number = number, .running = true, .calls = calls};
      s.draw.edited = edited;
      s.draw.original = original;
      s.draw.doing = "preparing";
    });
    if (fresh_original) {
      edited_.reset();
      loaded_.clear();
      Shown image = draw_one(r, true, nullptr, go_on);
      if (!image.image) return;
      original_image_ = std::move(image);
      original_key_ = key_of(r);
      calls_before_ = calls / 2;
    }
    if (r.compare) publish_([&](Snapshot& s) { s.draw.original = original_image_; });
    load_edits(r.edits);
    std::optional<Regional> regional;
    if (edited_ && !r.inside.empty()) {
      if (r.inside.size() != static_cast<size_t>(r.options.width * r.options.height))
        throw InputError(
            "[region] it was painted on a picture of another size; clear it and paint it again");
      const Region region{"painted", static_cast<int>(r.options.width),
                          static_cast<int>(r.options.height), r.inside, ""};
      regional.emplace(Regional{area_average(region, size.height, size.width), r.region_mode,
                                model_->predictor(), *text_});
    }
    const Shown image = draw_one(r, false, regional ? &*regional : nullptr, go_on);
    if (!image.image) return;
    finished = true;
    std::string edits = loaded_text_;
    if (!edits.empty() && !r.inside.empty()) edits += " in a painted region";
    const std::string parameters = parameters_text(r.image, r.options, *model_, edits);
    publish_([&](Snapshot& s) {
      s.draw.request = r.image;
      s.draw.parameters = parameters;
    });
    if (!r.save) return;
    const fs::path file = save_picture(gallery_, r.image.seed,
                                       encode_png(*image.image, {{"parameters", parameters}}));
    publish_([&](Snapshot& s) { s.draw.file = file; });
  });
  publish_([&](Snapshot& s) {
    s.draw.running = false;
    s.draw.error = error;
    s.draw.cancelled = error.empty() && !finished;
    s.draw.seconds = wall_seconds() - begin_;
    s.draw.preview_seconds = preview_seconds_;
    s.draw.doing.clear();
    for (const CutPrompt& c : (edited_ ? edited_->text() : *text_).cuts())
      if (c.prompt == r.image.prompt) s.draw.cut = c.cut;
    tell_memory(s);
  });
}

Shown Session::draw_one(const DrawRequest& r, bool original, const Regional* regional,
                        const std::function<bool()>& go_on) {
  const LatentSize size = model_->latent_size(r.options.width, r.options.height);
  const auto show = [&](const Shown& shown) {
    publish_([&](Snapshot& s) { (original ? s.draw.original : s.draw.edited) = shown; });
  };
  double first_call = 0;
  int calls = 0;
  const auto step = [&](int call, int of) {
    calls = of;
    const double now = wall_seconds();
    if (call == 0) first_call = now;
    publish_([&](Snapshot& s) {
      s.draw.call = calls_before_ + call;
      s.draw.seconds = now - begin_;
      s.draw.doing = call == of ? "decoding" : original ? "drawing the original" : "drawing";
      if (call > 0) s.draw.rate = call / std::max(1e-9, now - first_call);
    });
    return go_on();
  };
  const auto preview = [&](int call, size_t, std::span<const float> latents) {
    if (call + 1 == calls) return;  // the picture itself is next
    const double begin = wall_seconds();
    const bool by_vae = r.vae_every > 0 && (call + 1) % r.vae_every == 0;
    Shown look{.preview = !by_vae};
    look.image = std::make_shared<Image>(by_vae ? model_->decode(latents, size)
                                                : (*preview_)(latents, size));
    if (by_vae) look.on_device = model_->decoded();
    preview_seconds_ += wall_seconds() - begin;
    show(look);
  };
  const bool edits = edited_ && !original;
  const GenerateExtras extras{regional, edits ? &edited_->predictor() : nullptr, preview};
  TextCache& text = edits ? edited_->text() : *text_;
  std::vector<Generated> made = generate(*model_, text, {&r.image, 1}, r.options, step, extras);
  if (made.empty()) return {};
  Shown picture{std::make_shared<const Image>(std::move(made[0].image))};
  // With a region the picture may be joined of two on the host.
  if (!regional) picture.on_device = model_->decoded();
  show(picture);
  return picture;
}

void Session::inspect(const std::vector<EditChoice>& choices) {
  InspectState state;
  state.error = error_of([&] {
    const std::vector<Edit> edits = opened(choices);
    state.title = describe(edits);
    for (const Difference& d : differences(folder_, edits, false))
      if (d.ratio()) state.layers.push_back({d.name, *d.ratio()});
  });
  std::ranges::stable_sort(state.layers, std::ranges::greater(), &LayerChange::ratio);
  publish_([&](Snapshot& s) { s.inspect = std::move(state); });
}

}  // namespace lacuna::viewer
