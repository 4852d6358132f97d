#include "erase/methods/inpaint.h"

#include <fmt/format.h>

#include <numeric>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "models/layout.h"
#include "models/samplers/sampler.h"

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

Inpaint::Inpaint(Device& device, StableDiffusion& model, TextCache& text,
                 const Trainables& trainables, InpaintOptions options, std::string model_hash)
    : Esd(device, model, text, trainables, options.esd, std::move(model_hash)),
      options_(std::move(options)) {
  options_.check();
  for (const Region& m : options_.masks) {
    masks_.push_back(area_average(m, options_.esd.size.height, options_.esd.size.width));
    if (std::accumulate(masks_.back().begin(), masks_.back().end(), 0.0) < 0.01)
      throw InputError(
          "[inpaint] the mask {} covers less than a hundredth of a latent; make it larger", m.name);
  }
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
    text = Esd::sentence();
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
  OptionTexts all = Esd::options();
  for (const auto& [name, text] : fields_of(o).identity()) all[name] = text;
  std::vector<std::string> names;
  for (const Region& m : o.masks) names.push_back(m.name);
  all["method"] = "inpaint";
  all["mask"] = list(names);
  return all;
}

void Inpaint::reserve() {
  Esd::reserve();
  if (options_.grid) model().predictor().plan(3, options_.esd.size);
}

Loss Inpaint::loss(Graph& g) const {
  const LatentSize size = options_.esd.size;
  const UNetInputs inputs(g, model().unet_config(), batch(), size, model().tokenizer().context());
  const Tensor prediction = inputs.predict(model().unet(), model().dtype());
  const auto part = [&](const char* target, const char* weight) {
    return mse(prediction, g.input(target, prediction.shape()),
               g.input(weight, {batch(), size.height, size.width}));
  };
  const Loss inside = part("target", "weight"), outside = part("kept", "kept_weight");
  return {add(inside.total, outside.total), add(inside.each, outside.each)};
}

// A mask that leaves nothing outside asks nothing there.
Inpaint::Masked Inpaint::masked(std::span<const float> mask, std::vector<float> kept) const {
  const double all = static_cast<double>(mask.size());
  const double sum = std::accumulate(mask.begin(), mask.end(), 0.0);
  const bool keeps = options_.mask_loss == MaskLoss::both && sum < all;
  return {mask, std::move(kept), static_cast<float>(all / sum),
          keeps ? static_cast<float>(options_.outside_weight * all / (all - sum)) : 0};
}

// Latents that are noise whatever the timestep says: far from what the model ever sees, except at
// the first.
Esd::Choice Inpaint::noise_example(Rng& rng) {
  const std::vector<std::string>& texts =
      options_.esd.prompts.empty() ? options_.esd.concepts : options_.esd.prompts;
  const std::string& c = texts[rng.below(texts.size())];
  const int timesteps = model().noise_schedule().train_timesteps();
  const auto t = static_cast<float>(rng.below(static_cast<uint64_t>(timesteps)));
  Rng noise(RngKind::torch, rng.next_u32());
  const auto sampler = Sampler::make("ddim", model().noise_schedule(), {.steps = 1});
  const std::vector<float> z = starting_latents(model(), options_.esd.size, *sampler, noise);
  const TextStates states = text().states(c);
  const UNetInput inputs[] = {
      {z, t, text().states(options_.neutral)}, {z, t, states}, {z, t, text().states("")}};
  std::vector<std::vector<float>> e = model().predictor()(inputs, options_.esd.size);
  for (size_t i = 0; i < z.size(); i++)
    e[0][i] -= static_cast<float>(options_.esd.eta) * (e[1][i] - e[2][i]);
  return {z, t, states, std::move(e[0]), {{}, 0, "erase"}};
}

Esd::Choice Inpaint::erase_example(Rng& rng) {
  if (options_.grid) return noise_example(rng);
  const Pick p = pick_erase(rng);
  const size_t mask = rng.below(masks_.size());
  drawn_.push_back(masked(masks_[mask], p.example().path));
  Choice c = erase_choice(p);
  c.used.role += " " + options_.masks[mask].name;
  return c;
}

void Inpaint::next(int64_t index, Plan& plan) {
  drawn_.clear();
  const std::vector<Choice> choices = choose(index);
  set(plan, choices);
  std::vector<float> kept, weights, kept_weights;
  const auto latents = static_cast<size_t>(options_.esd.size.height * options_.esd.size.width);
  for (size_t i = 0; i < choices.size(); i++) {
    const auto weight = static_cast<float>(choices[i].used.weight);
    if (i >= drawn_.size()) {  // retained, or no mask is used
      weights.insert(weights.end(), latents, weight);
      kept_weights.insert(kept_weights.end(), latents, 0.0f);
      kept.resize(kept.size() + choices[i].target.size());
      continue;
    }
    const Masked& m = drawn_[i];
    append_channels_last(kept, m.kept, model().unet_config().out_channels);
    for (const float inside : m.mask) {
      weights.push_back(weight * m.inside * inside);
      kept_weights.push_back(weight * m.outside * (1 - inside));
    }
  }
  plan.set("weight", std::span<const float>(weights));
  plan.set("kept", std::span<const float>(kept));
  plan.set("kept_weight", std::span<const float>(kept_weights));
}

}  // namespace lacuna
