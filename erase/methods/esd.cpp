#include "erase/methods/esd.h"

#include "base/error.h"
#include "erase/phrasing.h"
#include "erase/range.h"
#include "erase/seeds.h"

namespace lacuna {

Direction parse_direction(std::string_view name) {
  if (name == "concept") return Direction::concept_text;
  if (name == "phrasing") return Direction::phrasing;
  throw InputError("[esd] --direction '{}' is unknown; choose concept or phrasing", name);
}

EsdCompat parse_esd_compat(std::string_view name) {
  if (name == "paper") return EsdCompat::paper;
  if (name == "repo") return EsdCompat::repo;
  if (name == "alt") return EsdCompat::alt;
  throw InputError("[esd] --compat '{}' is unknown; choose paper, repo or alt", name);
}

std::string_view name_of(EsdCompat c) {
  return c == EsdCompat::paper  ? "paper"
         : c == EsdCompat::repo ? "repo"
         : c == EsdCompat::alt  ? "alt"
                                : "none";
}

void EsdOptions::check() const {
  if (concepts.empty())
    throw InputError("[esd] there is nothing to erase; name it with --concept \"red\"");
  check_range("esd", "--eta", eta, 0, 100, "1 erases, larger values push further away");
  check_range("esd", "--start-guidance", start_guidance, 0, 100, "3 is usual");
  check_range("esd", "--retain-weight", retain_weight, 0, 1e6, "1 is usual");
  check_range("esd", "--retain-neutral", retain_neutral, 0, 1, "it is a share between 0 and 1");
  check_range("esd", "--steps", steps, 2, 1000, "50 is usual");
  check_range("esd", "--retain-steps", retain_steps, 2, 1000, "10 to 50 are usual");
  check_range("esd", "--batch", static_cast<double>(batch), 1, 256, "1 to 8 are usual");
  check_range("esd", "--retain-batch", static_cast<double>(retain_batch), 0, 256,
              "as --batch is usual");
  check_range("esd", "--trajectories", static_cast<double>(trajectories), 0, 1e6, "20 is usual");
  check_range("esd", "--retain-trajectories", static_cast<double>(retain_trajectories), 0, 1e6,
              "20 is usual");
  if (retain_batch > 0 && retain.empty())
    throw InputError("[esd] --retain-batch needs prompts to retain; name a file with --retain");
}

EsdParts::EsdParts(Device& device, StableDiffusion& model, TextCache& text,
                   const Trainables& trainables, const EsdOptions& o, const std::string& model_hash)
    : model_(model),
      text_(text),
      options_(o),
      erase_(device, model, text, trainables, o, model_hash),
      retain_(model, text,
              {.prompts = o.retain,
               .batch = o.retain_batch,
               .neutral = o.retain_neutral,
               .sampling = {.steps = o.retain_steps,
                            .guidance = o.start_guidance,
                            .size = o.size,
                            .folder = o.cache},
               .trajectories = o.retain_trajectories,
               .seed = mix(o.seed, 1)},
              model_hash) {
  o.check();
  for (const auto* texts : {&o.concepts, &o.prompts})
    check_tokens("esd", model.tokenizer(), *texts);
}

std::string EsdParts::sentence() const {
  const EsdOptions& o = options_;
  const std::string concepts = fmt::format("\"{}\"", list(o.concepts));
  const std::string c =
      o.prompts.empty() ? concepts : fmt::format("{} phrasings of {}", o.prompts.size(), concepts);
  const bool from = !o.from.empty(), parents = from || erase_.has_parents();
  std::string text = fmt::format(
      "ESD: train eps(z, {0}) towards eps*(z, {1}) - {2:g} (eps*(z, c) - eps*(z, \"\")), ",
      parents ? "f" : "c", parents ? "f" : "\"\"", parents ? 1 + o.eta : o.eta);
  if (from)
    text += fmt::format("f = \"{}\", c = {}", o.from, c);
  else if (parents)
    text += fmt::format("f = {} phrasings of c = {}", o.prompts.size(), concepts);
  else
    text += "c = " + c;
  if (o.compat == EsdCompat::repo)
    text += fmt::format(" [published as negative_guidance {:g}]", o.eta + 1);
  if (o.compat == EsdCompat::paper || o.compat == EsdCompat::alt)
    text += fmt::format(" [published as negative_guidance {:g}]", o.eta);
  if (!o.retain.empty())
    text += fmt::format("; and {:g} times eps(z, r) towards eps*(z, r) for {} retained prompts",
                        o.retain_weight, o.retain.size());
  return text;
}

OptionTexts EsdParts::texts() const {
  const EsdOptions& o = options_;
  return {{"method", "esd"},
          {"concept", list(o.concepts)},
          {"from", o.from},
          {"prompts", list(o.prompts)},
          {"direction", o.direction == Direction::phrasing ? "phrasing" : "concept"},
          {"retain", list(o.retain)},
          {"eta", fmt::format("{:g}", o.eta)},
          {"retain-weight", fmt::format("{:g}", o.retain_weight)},
          {"retain-neutral", fmt::format("{:g}", o.retain_neutral)},
          {"retain-steps", std::to_string(o.retain_steps)},
          {"start-guidance", fmt::format("{:g}", o.start_guidance)},
          {"steps", std::to_string(o.steps)},
          {"trajectory", o.trajectory == TrajectoryModel::frozen ? "frozen" : "edited"},
          {"compat", std::string(name_of(o.compat))},
          {"trajectories", std::to_string(o.trajectories)},
          {"retain-trajectories", std::to_string(o.retain_trajectories)},
          {"batch", std::to_string(o.batch)},
          {"retain-batch", std::to_string(o.retain_batch)},
          {"seed", std::to_string(o.seed)},
          {"size", fmt::format("{}x{}", o.size.width, o.size.height)}};
}

void EsdParts::reserve() {
  model_.text_plan();
  erase_.reserve_prepare();
  retain_.reserve();
  model_.predictor().release();
  erase_.reserve_draw();
}

void EsdParts::prepare(const ProgressCallback& progress) {
  erase_.prepare(progress);
  retain_.prepare(progress);
  model_.predictor().release();
}

std::vector<Entry> EsdParts::entries(int64_t index, const std::function<Entry(Rng&)>& erase) const {
  const EsdOptions& o = options_;
  Rng rng(RngKind::torch, mix(o.seed, static_cast<uint64_t>(index) + (uint64_t{1} << 40)));
  // The mean over the batch times these is mean(erase) + retain_weight mean(retain).
  const double all = static_cast<double>(batch());
  std::vector<Entry> entries;
  for (int64_t i = 0; i < o.batch; i++) {
    entries.push_back(erase(rng));
    entries.back().used.weight = all / static_cast<double>(o.batch);
  }
  for (int64_t i = 0; i < o.retain_batch; i++) {
    entries.push_back(retain_.draw(rng, erase_.trajectories()));
    entries.back().used.weight = o.retain_weight * all / static_cast<double>(o.retain_batch);
  }
  return entries;
}

Denoiser EsdParts::denoiser() const {
  return Denoiser(model_.unet(), model_.dtype(), batch(), options_.size);
}

Batch EsdParts::filled(std::span<const Entry> entries) const {
  Batch batch{{}, used_of(entries)};
  fill(batch.inputs, denoiser(), entries, &text_, model_.blank_canvas(options_.size));
  return batch;
}

std::vector<std::pair<std::string, double>> EsdParts::parts(std::span<const float> each) const {
  const auto mean = [&](int64_t begin, int64_t count) {
    double sum = 0;
    for (int64_t i = begin; i < begin + count; i++) sum += each[static_cast<size_t>(i)];
    return sum / static_cast<double>(batch());
  };
  std::vector<std::pair<std::string, double>> parts = {{"erase", mean(0, options_.batch)}};
  if (options_.retain_batch > 0)
    parts.emplace_back("retain", mean(options_.batch, options_.retain_batch));
  return parts;
}

int64_t EsdParts::evaluations() const {
  return model_.predictor().evaluations() + erase_.evaluations();
}

Esd::Esd(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
         EsdOptions options, std::string model_hash)
    : model_(model),
      options_(std::move(options)),
      parts_(device, model, text, trainables, options_, model_hash) {}

Loss Esd::loss(Graph& g) const {
  const Denoiser denoiser = parts_.denoiser();
  const Denoiser::Inputs inputs = denoiser.in(g, model_.tokenizer().context());
  const Tensor target = g.input("target", inputs.latents.shape());
  const Tensor weight = g.input("weight", {batch()});
  return mse(denoiser.predict(inputs), target, weight);
}

Batch Esd::next(int64_t index) const {
  const std::vector<Entry> entries =
      parts_.entries(index, [this](Rng& rng) { return parts_.erase().draw(rng); });
  Batch batch = parts_.filled(entries);
  std::vector<float> weights;
  for (const Entry& e : entries) weights.push_back(static_cast<float>(e.used.weight));
  batch.inputs.set("weight", std::move(weights));
  return batch;
}

// Half a trajectory with guidance (49 evaluations), two frozen predictions, forward with backward.
double Esd::published_evaluations(int64_t examples) {
  return static_cast<double>(examples) * (49 + 2 + 3);
}

}  // namespace lacuna
