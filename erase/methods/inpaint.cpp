#include "erase/methods/inpaint.h"

#include <fmt/format.h>

#include <numeric>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "models/layout.h"
#include "models/walk.h"

namespace lacuna {

std::span<const Word> words(MaskLoss) {
  static constexpr Word all[] = {{"both", MaskLoss::both},
                                 {"inside-only", MaskLoss::inside_only},
                                 {"ignored", MaskLoss::ignored, false}};
  return all;
}

void InpaintOptions::describe(Fields& f) {
  static constexpr Word programs[] = {{"none", false, false}, {"grid", true}};
  esd.describe(f);
  f.remove("trajectory");
  f.remove("compat");
  f.group(group::where);
  f.add("mask-loss", mask_loss,
        "Keep the model's own prediction outside the mask (both), or leave what lies outside out "
        "of the loss (inside-only)")
      .identity();
  f.add("outside-weight", outside_weight, "X", "Weight of what lies outside the mask")
      .range(0, 1e6, "0.1 to 1 are usual")
      .from_model()
      .identity();
  f.group(group::examples);
  f.add("compat", grid, programs,
        "grid: as the published scripts do, which train on pure noise with a neutral prompt and do "
        "not use their masks")
      .identity();
  f.add("neutral", neutral, "TEXT", "The neutral prompt of --compat grid").identity();
}

void InpaintOptions::check() const {
  esd.check();
  fields_of(*this, "inpaint").check();
  if (masks.empty())
    throw InputError("[inpaint] there is no mask; draw one with {0} left or {0} grid",
                     option("mask"));
}

Masks::Masks(const InpaintOptions& options) : options_(options) {
  for (const Region& m : options_.masks) {
    masks_.push_back(area_average(m, options_.esd.size.height, options_.esd.size.width));
    if (std::accumulate(masks_.back().begin(), masks_.back().end(), 0.0) < 0.01)
      throw InputError(
          "[inpaint] the mask {} covers less than a hundredth of a latent; make it larger", m.name);
  }
}

Masks::Weights Masks::weights(size_t mask) const {
  const std::vector<float>& m = masks_[mask];
  const double all = static_cast<double>(m.size());
  const double sum = std::accumulate(m.begin(), m.end(), 0.0);
  const bool keeps = options_.mask_loss == MaskLoss::both && sum < all;
  return {static_cast<float>(all / sum),
          keeps ? static_cast<float>(options_.outside_weight * all / (all - sum)) : 0};
}

Inpaint::Inpaint(Device& device, StableDiffusion& model, TextCache& text,
                 const Trainables& trainables, InpaintOptions options, std::string model_hash)
    : model_(model),
      text_(text),
      options_(std::move(options)),
      parts_(device, model, text, trainables, options_.esd, model_hash),
      masks_(options_) {
  options_.check();
}

std::string Inpaint::sentence() const {
  const InpaintOptions& o = options_;
  std::string masks;
  for (const Region& m : o.masks) masks += (masks.empty() ? "" : ", ") + m.name;
  std::string text;
  if (o.grid) {
    text = fmt::format(
        "Inpainting Erasure as published: train eps(z, c) towards eps*(z, n) - {:g} (eps*(z, c) - "
        "eps*(z, \"\")) on pure noise z, c = {}, n = \"{}\"",
        o.esd.eta, list(o.esd.prompts.empty() ? o.esd.concepts : o.esd.prompts), o.neutral);
  } else {
    text = parts_.sentence();
    text.replace(0, text.find(':'), "Inpainting Erasure");
  }
  text += fmt::format("; masks m: {}", masks);
  if (o.mask_loss == MaskLoss::ignored) return text + ", drawn and not used";
  text += ", the mean inside m";
  if (o.mask_loss == MaskLoss::both)
    text += fmt::format(" and {:g} times eps(z, c) towards eps*(z, c) outside", o.outside_weight);
  return text;
}

OptionTexts Inpaint::options() const {
  const InpaintOptions& o = options_;
  OptionTexts all = parts_.texts();
  for (const auto& [name, text] : fields_of(o).identity()) all[name] = text;
  std::vector<std::string> names;
  for (const Region& m : o.masks) names.push_back(m.name);
  all["method"] = "inpaint";
  all["mask"] = list(names);
  return all;
}

// The published grid script samples no trajectory.
void Inpaint::reserve() {
  if (!options_.grid) return parts_.reserve();
  model_.text_plan();
  model_.predictor().plan(3, options_.esd.size);
}

void Inpaint::prepare(const ProgressCallback& progress) {
  if (!options_.grid) parts_.prepare(progress);
}

Loss Inpaint::loss(Graph& g) const {
  const LatentSize size = options_.esd.size;
  const Denoiser denoiser = parts_.denoiser();
  const Tensor prediction = denoiser.predict(denoiser.in(g, model_.tokenizer().context()));
  const auto part = [&](const char* target, const char* weight) {
    return mse(prediction, g.input(target, prediction.shape()),
               g.input(weight, {batch(), size.height, size.width}));
  };
  const Loss inside = part("target", "weight"), outside = part("kept", "kept_weight");
  return {add(inside.total, outside.total), add(inside.each, outside.each)};
}

// Latents that are noise whatever the timestep says: far from what the model ever sees, except at
// the first.
Entry Inpaint::noise_example(Rng& rng) const {
  const std::vector<std::string>& texts =
      options_.esd.prompts.empty() ? options_.esd.concepts : options_.esd.prompts;
  const std::string& c = texts[rng.below(texts.size())];
  const int timesteps = model_.noise_schedule().train_timesteps();
  const auto t = static_cast<float>(rng.below(static_cast<uint64_t>(timesteps)));
  Rng noise(RngKind::torch, rng.next_u32());
  const auto sampler = Sampler::make("ddim", model_.noise_schedule(), {.steps = 1});
  const std::vector<float> z = starting_latents(model_, options_.esd.size, *sampler, noise);
  const std::span<const float> canvas = model_.blank_canvas(options_.esd.size);
  std::vector<DenoiserInput> inputs;
  for (const std::string& asked : {options_.neutral, c, std::string()})
    inputs.push_back({z, t, text_.conditioning(asked), canvas});
  std::vector<std::vector<float>> e = model_.predictor()(inputs, options_.esd.size);
  for (size_t i = 0; i < z.size(); i++)
    e[0][i] -= static_cast<float>(options_.esd.eta) * (e[1][i] - e[2][i]);
  return {z, t, c, std::move(e[0]), {{}, 0, "erase"}};
}

Batch Inpaint::next(int64_t index) const {
  struct Masked {  // what an example to erase asks besides its entry
    size_t mask;
    std::span<const float> kept;  // eps*(z, c), [C,h,w]
  };
  std::vector<Masked> masked;  // of the first entries; none when no mask is used
  const std::vector<Entry> entries = parts_.entries(index, [&](Rng& rng) {
    if (options_.grid) return noise_example(rng);
    const Pick p = pick(parts_.erase().trajectories(), rng);
    masked.push_back({rng.below(masks_.count()), p.example().path});
    Entry e = parts_.erase().entry(p);
    e.used.role += " " + options_.masks[masked.back().mask].name;
    return e;
  });
  Batch batch = parts_.filled(entries);
  std::vector<float> kept, weights, kept_weights;
  const auto latents = static_cast<size_t>(options_.esd.size.height * options_.esd.size.width);
  for (size_t i = 0; i < entries.size(); i++) {
    const auto weight = static_cast<float>(entries[i].used.weight);
    if (i >= masked.size()) {
      weights.insert(weights.end(), latents, weight);
      kept_weights.insert(kept_weights.end(), latents, 0.0f);
      kept.resize(kept.size() + entries[i].target.size());
      continue;
    }
    append_channels_last(kept, masked[i].kept, model_.unet_config().out_channels);
    const Masks::Weights w = masks_.weights(masked[i].mask);
    for (const float inside : masks_[masked[i].mask]) {
      weights.push_back(weight * w.inside * inside);
      kept_weights.push_back(weight * w.outside * (1 - inside));
    }
  }
  batch.inputs.set("weight", std::move(weights));
  batch.inputs.set("kept", std::move(kept));
  batch.inputs.set("kept_weight", std::move(kept_weights));
  return batch;
}

}  // namespace lacuna
