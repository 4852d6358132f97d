#include "erase/inpaint.h"

#include <fmt/format.h>

#include <numeric>

#include "engine/error.h"
#include "erase/phrasing.h"
#include "erase/range.h"
#include "models/sampler.h"

namespace lacuna {
namespace {

// A mean over all latents times these is the mean over those inside, and outside; a mask that
// leaves nothing outside asks nothing there.
struct AreaWeights {
  float inside = 0, outside = 0;
};
AreaWeights weights_of(std::span<const float> mask, const InpaintOptions& o) {
  const double all = static_cast<double>(mask.size());
  const double sum = std::accumulate(mask.begin(), mask.end(), 0.0);
  AreaWeights w{static_cast<float>(all / sum), 0};
  if (o.mask_loss == MaskLoss::both && sum < all)
    w.outside = static_cast<float>(o.outside_weight * all / (all - sum));
  return w;
}

}  // namespace

MaskLoss parse_mask_loss(std::string_view name) {
  if (name == "both") return MaskLoss::both;
  if (name == "inside-only") return MaskLoss::inside_only;
  throw InputError("[inpaint] --mask-loss '{}' is unknown; choose both or inside-only", name);
}

void InpaintOptions::check() const {
  esd.check();
  check_range("inpaint", "--outside-weight", outside_weight, 0, 1e6, "0.1 to 1 are usual");
  if (masks.empty())
    throw InputError("[inpaint] there is no mask; draw one with --mask left or --mask grid");
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
  std::vector<std::string> names;
  for (const Region& m : o.masks) names.push_back(m.name);
  all["method"] = "inpaint";
  all["mask"] = list(names);
  all["mask-loss"] = o.mask_loss == MaskLoss::both          ? "both"
                     : o.mask_loss == MaskLoss::inside_only ? "inside-only"
                                                            : "ignored";
  all["outside-weight"] = fmt::format("{:g}", o.outside_weight);
  all["compat"] = o.grid ? "grid" : "none";
  all["neutral"] = o.neutral;
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
  const Tensor target = g.input("target", prediction.shape());
  return mse(prediction, target, g.input("weight", {batch(), size.height, size.width}));
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
  const auto draw = [&] { return rng.below(masks_.size()); };
  if (options_.grid) {
    Choice c = noise_example(rng);
    draw();
    drawn_.emplace_back(masks_[0].size(), 1.0f);
    return c;
  }
  const Pick p = pick_erase(rng);
  Choice c = erase_choice(p);
  const std::vector<float>& mask = masks_[draw()];
  const AreaWeights w = weights_of(mask, options_);
  // On a soft border both terms pull at one number: their weighted mean has the same gradient.
  std::vector<float> weights(mask.size());
  for (size_t i = 0; i < mask.size(); i++)
    weights[i] = mask[i] * w.inside + (1 - mask[i]) * w.outside;
  const std::vector<float>& original = p.example().path;
  for (size_t i = 0; i < c.target.size(); i++) {
    const size_t at = i % mask.size();
    const float share = weights[at] > 0 ? mask[at] * w.inside / weights[at] : 1.0f;
    c.target[i] = share * c.target[i] + (1 - share) * original[i];
  }
  drawn_.push_back(std::move(weights));
  return c;
}

void Inpaint::next(int64_t index, Plan& plan) {
  drawn_.clear();
  const std::vector<Choice> choices = choose(index);
  set(plan, choices);
  const auto latents = static_cast<size_t>(options_.esd.size.height * options_.esd.size.width);
  std::vector<float> weights;
  for (size_t i = 0; i < choices.size(); i++)
    for (size_t k = 0; k < latents; k++)
      weights.push_back(static_cast<float>(choices[i].used.weight) *
                        (i < drawn_.size() ? drawn_[i][k] : 1.0f));
  plan.set("weight", std::span<const float>(weights));
}

}  // namespace lacuna
