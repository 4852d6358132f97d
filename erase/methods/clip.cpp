#include "erase/methods/clip.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "base/options/fields.h"
#include "erase/examples/concept_examples.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"
#include "pictures/resize.h"

namespace lacuna {
namespace {

// What a seed is mixed with for each purpose, far apart from each other's indices.
constexpr uint64_t clip_examples = uint64_t{1} << 40, clip_order = uint64_t{2} << 40,
                   clip_pictures = uint64_t{3} << 40, clip_places = uint64_t{4} << 40;

// Every number below `count` once, in the order of an epoch (Fisher and Yates).
std::vector<size_t> order_of(uint64_t seed, int64_t epoch, size_t count) {
  std::vector<size_t> order(count);
  std::iota(order.begin(), order.end(), size_t{0});
  Rng rng(RngKind::torch, mix(seed, clip_order + static_cast<uint64_t>(epoch)));
  for (size_t i = count; i > 1; i--) std::swap(order[i - 1], order[rng.below(i)]);
  return order;
}

// What keeps its states: the retained prompts, and what the concept becomes.
std::vector<std::string> kept_texts(const ClipOptions& o) {
  std::vector<std::string> texts = o.retain;
  if (o.loss == ClipLoss::states) texts.insert(texts.end(), o.anchors.begin(), o.anchors.end());
  return texts;
}

}  // namespace

std::span<const Word> words(ClipLoss) {
  static constexpr Word all[] = {
      {"ascent", ClipLoss::ascent}, {"esd", ClipLoss::esd}, {"states", ClipLoss::states}};
  return all;
}

void ClipOptions::describe(Fields& f) {
  f.group(group::what);
  f.add("concept", concepts, "TEXT",
        "What to erase: the caption of the pictures; may be given several times")
      .identity();
  f.group(group::strength);
  f.add("loss", loss,
        "Make the pictures' denoising loss rise (ascent), train towards ESD's target on latents "
        "that "
        "the model samples (esd), or give each phrasing the states that it has with the anchor in "
        "the concept's place (states)")
      .identity();
  f.add("eta", eta, "X", "With esd: how far to push away from the concept")
      .range(0, 100, "1 erases, larger values push further away")
      .from_model();
  f.add("batch", batch, "N", "Examples at a time")
      .range(1, 256, "1 to 8 are usual")
      .from_model()
      .identity();
  f.add("pull", pull,
        "Measure after every epoch how much of the concept's pull is left, for 8 UNet evaluations");
  f.group(group::keep);
  f.add("retain-weight", retain_weight, "X", "Weight of the retained prompts in the loss")
      .range(0, 1e6, "1 is usual")
      .from_model()
      .identity();
  f.add("retain-batch", retain_batch, "N", "Retained prompts at a time")
      .range(0, 4096, "8 to 64 are usual")
      .from_model()
      .identity();
  f.group(group::examples);
  f.add("flip", flip, "X", "Share of the pictures that is mirrored")
      .range(0, 1, "it is a share between 0 and 1")
      .from_model();
  f.add("trajectories", trajectories, "N", "With esd: how many trajectories are sampled")
      .range(0, 1e6, "20 is usual")
      .from_model()
      .usually("one a caption, about 20 at least");
  f.add("steps", steps, "N", "With esd: sampler steps of a trajectory")
      .range(2, 1000, "50 is usual")
      .from_model();
  f.add("start-guidance", start_guidance, "X", "With esd: guidance while trajectories are sampled")
      .range(0, 100, "3 is usual")
      .from_model();
  f.add("cache", cache, "DIR", "Folder of trajectories").usually("in the run's folder");
  f.add("seed", seed, "N", "Seed of everything random").identity();
}

void ClipOptions::check() const {
  if (concepts.empty())
    throw InputError("[clip] there is nothing to erase; name it with {} \"red\"",
                     option("concept"));
  fields_of(*this, "clip").check();
  if (retain_batch > 0 && retain.empty())
    throw InputError("[clip] {} needs prompts to retain; name a file with {}",
                     option("retain-batch"), option("retain"));
}

Clip::Clip(StableDiffusion& model, TextCache& text, const Trainables& trainables,
           ClipOptions options, std::string model_hash)
    : model_(model),
      text_(text),
      trainables_(trainables),
      options_(std::move(options)),
      model_hash_(std::move(model_hash)),
      pull_(model, text),
      retained_(model, text, kept_texts(options_), options_.retain_batch, options_.retain_weight) {
  options_.check();
  const ClipOptions& o = options_;
  if (of_states() && o.anchors.size() != captions().size())
    throw InputError("[clip] {} anchors do not go with {} captions", o.anchors.size(),
                     captions().size());
  if (o.loss == ClipLoss::ascent && o.images.empty())
    throw InputError(
        "[clip] ascent needs pictures of the concept; give a folder with {}, or have them made "
        "with {} flat:red",
        option("images"), option("make"));
  if (o.loss == ClipLoss::ascent &&
      model.noise_schedule().config().prediction != Prediction::epsilon)
    throw InputError("[clip] this model predicts velocities, not noise; use {} esd",
                     option("loss"));
  check_tokens("clip", model.tokenizer(), captions());
}

std::string Clip::sentence() const {
  const ClipOptions& o = options_;
  const std::string concepts = fmt::format("\"{}\"", list(o.concepts));
  const std::string c =
      o.prompts.empty() ? concepts : fmt::format("{} captions of {}", o.prompts.size(), concepts);
  std::string text =
      o.loss == ClipLoss::ascent
          ? fmt::format(
                "CLIP: train the text encoder T so that mean (eps*(z_t, T(c)) - eps)^2 "
                "grows, c = {}, z_t = {} noised pictures ({})",
                c, o.images.size(), o.source)
      : of_states() ? fmt::format(
                          "CLIP: train the text encoder T so that mean (T(c) - T*(a))^2 falls, c = "
                          "{}, a = the "
                          "same with the anchor in the concept's place",
                          c)
                    : fmt::format(
                          "CLIP: train the text encoder T so that eps*(z_t, T(c)) goes towards "
                          "eps*(z_t, \"\") - {:g} (eps*(z_t, c) - eps*(z_t, \"\")), c = {}",
                          o.eta, c);
  if (o.retain_batch > 0)
    text += fmt::format("; and {:g} mean (T(r) - T*(r))^2 falls for {} retained prompts",
                        o.retain_weight, kept_texts(o).size());
  return text;
}

OptionTexts Clip::options() const {
  const ClipOptions& o = options_;
  const Fields fields = fields_of(o);
  OptionTexts texts = fields.identity();
  texts["method"] = "clip";
  texts["prompts"] = list(o.prompts);
  texts["retain"] = list(o.retain);
  texts["size"] = fmt::format("{}x{}", o.size.width, o.size.height);
  if (o.loss == ClipLoss::ascent) {
    texts["images"] = o.source;
    texts["flip"] = fields["flip"].text();
  } else if (of_states()) {
    texts["anchors"] = list(o.anchors);
  } else {
    for (const char* name : {"eta", "steps", "start-guidance"}) texts[name] = fields[name].text();
    texts["trajectories"] = std::to_string(sources());
  }
  return texts;
}

std::vector<TrajectoryPrompt> Clip::erase_prompts() const {
  std::vector<TrajectoryPrompt> all;
  for (const std::string& t : captions()) all.push_back({t, concept_in(t, options_.concepts)});
  return in_turn(all, options_.trajectories);
}

size_t Clip::sources() const {
  if (of_states()) return captions().size();
  return options_.loss == ClipLoss::ascent ? options_.images.size() : erase_prompts().size();
}

int64_t Clip::per_epoch() const {
  return (static_cast<int64_t>(sources()) + options_.batch - 1) / options_.batch;
}

void Clip::reserve() {
  model_.text_plan();
  if (of_states()) return;
  if (options_.loss == ClipLoss::ascent) {
    model_.encoder_plan(options_.size);
    model_.release_encoder();
  } else {
    const auto together =
        std::min<int64_t>(TrajectoryOptions{}.batch, static_cast<int64_t>(erase_prompts().size()));
    model_.predictor().plan(3 * together, options_.size);
    model_.predictor().release();
  }
  // It lives beside the plans of training.
  if (options_.pull) model_.predictor().plan(2, options_.size);
}

void Clip::encode_pictures(const ProgressCallback& progress) {
  const auto count = static_cast<int64_t>(options_.images.size());
  for (int64_t i = 0; i < count; i++) {
    if (!progress("encoding pictures", i, count)) throw Stopped{};
    Rng rng(RngKind::torch, mix(options_.seed, clip_pictures + static_cast<uint64_t>(i)));
    const Image& image = options_.images[static_cast<size_t>(i)];
    const bool flip = rng.uniform() < options_.flip;
    latents_.push_back(model_.encode(flip ? mirrored(image) : image, &rng));
  }
  model_.release_encoder();
}

void Clip::sample_trajectories(const ProgressCallback& progress) {
  const TrajectoryOptions t{.steps = options_.steps,
                            .guidance = options_.start_guidance,
                            .size = options_.size,
                            .folder = options_.cache};
  const auto prompts = erase_prompts();
  trajectories_ = frozen_trajectories(
      model_, text_, prompts, seeds_of(options_.seed, prompts.size()), t, model_hash_, progress);
}

void Clip::prepare(const ProgressCallback& progress) {
  if (of_states())
    for (const std::string& a : options_.anchors) goals_.push_back(text_.conditioning(a).sequence);
  else if (options_.loss == ClipLoss::ascent)
    encode_pictures(progress);
  else
    sample_trajectories(progress);
  retained_.prepare();
  model_.predictor().release();
}

void Clip::choose_places() {
  constexpr int count = 8;
  Rng rng(RngKind::torch, mix(options_.seed, clip_places));
  const auto timesteps = static_cast<double>(model_.noise_schedule().train_timesteps());
  for (int i = 0; i < count; i++) {
    const double part = (i + 0.5) / count;  // of the schedule
    const auto k = static_cast<size_t>(i);
    if (!latents_.empty()) {
      const std::vector<float>& z = latents_[k % latents_.size()];
      const int t = static_cast<int>(part * timesteps);
      std::vector<float> noised(z.size());
      rng.randn(std::span<float>(noised));
      model_.noise_schedule().add_noise(z, noised, t, noised);
      pull_.add(std::move(noised), options_.size, static_cast<float>(t),
                captions()[k % captions().size()]);
    } else {
      const Trajectory& from = trajectories_[k % trajectories_.size()];
      const Example& e =
          from.examples[static_cast<size_t>(part * static_cast<double>(from.examples.size()))];
      pull_.add(e.latents, options_.size, e.timestep, from.prompt.path);
    }
  }
}

double Clip::pull() {
  if (pull_.places() == 0) choose_places();
  const double left = pull_.under(edited_text());
  model_.predictor().release();
  return left;
}

double Clip::drift() { return retained_.drift(edited_text()); }

Denoiser Clip::denoiser() const {
  return Denoiser(model_.unet(), model_.dtype(), options_.batch, options_.size);
}

Loss Clip::loss(Graph& g) const {
  const Tensor ids = g.input("ids", {options_.batch, model_.tokenizer().context()}, DType::i32);
  Tensor asked = model_.text_encoder().clip()(ids);
  Shape shape = asked.shape();
  if (!of_states()) {
    const Denoiser denoiser = this->denoiser();
    const Denoiser::Inputs inputs = denoiser.in(g, asked);
    shape = inputs.latents.shape();
    asked = denoiser.predict(inputs);
  }
  const Loss erase = mse(asked, g.input("target", shape), g.input("weight", {options_.batch}));
  if (options_.retain_batch == 0) return erase;
  const Loss retain = retained_.loss(g);
  return {add(erase.total, retain.total), concat(erase.each, retain.each)};
}

// Of an image or a trajectory.
Entry Clip::example(size_t source, Rng& rng) const {
  if (options_.loss == ClipLoss::esd) {
    const Pick p = pick(trajectories_[source], rng);
    const Example& e = p.example();
    const TrajectoryPrompt& prompt = p.trajectory.prompt;
    return {
        e.latents, e.timestep, prompt.path, esd_target(e, options_.eta, prompt.has_parent()), {}};
  }
  const NoiseSchedule& schedule = model_.noise_schedule();
  const auto t = static_cast<int>(rng.below(static_cast<uint64_t>(schedule.train_timesteps())));
  const std::string& caption = captions()[rng.below(captions().size())];
  std::vector<float> noise(latents_[source].size()), noised(noise.size());
  rng.randn(std::span<float>(noise));
  schedule.add_noise(latents_[source], noise, t, noised);
  return {std::move(noised), static_cast<float>(t), caption, std::move(noise), {}};
}

Batch Clip::next(int64_t index) const {
  const ClipOptions& o = options_;
  const auto per = static_cast<int64_t>(sources());
  Rng rng(RngKind::torch, mix(o.seed, clip_examples + static_cast<uint64_t>(index)));
  std::vector<Entry> entries;
  std::vector<std::string> captions;
  std::vector<float> states;
  std::vector<size_t> order;
  for (int64_t i = 0; i < o.batch; i++) {
    const int64_t place = index * o.batch + i;
    if (order.empty() || place % per == 0)
      order = order_of(o.seed, place / per, static_cast<size_t>(per));
    const size_t source = order[static_cast<size_t>(place % per)];
    if (of_states()) {
      captions.push_back(this->captions()[source]);
      states.insert(states.end(), goals_[source]->begin(), goals_[source]->end());
      continue;
    }
    entries.push_back(example(source, rng));
    captions.push_back(entries.back().prompt);
  }
  Batch batch;
  if (of_states())
    batch.inputs.set("target", std::move(states));
  else
    fill(batch.inputs, denoiser(), entries, nullptr, model_.blank_canvas(o.size));
  batch.inputs.set("ids", token_ids(model_.tokenizer(), captions));
  const float sign = o.loss == ClipLoss::ascent ? -1.0f : 1.0f;
  batch.inputs.set("weight", std::vector<float>(static_cast<size_t>(o.batch), sign));
  retained_.fill(batch.inputs, rng);
  return batch;
}

std::vector<std::pair<std::string, double>> Clip::parts(std::span<const float> each) const {
  const auto mean = [&](size_t begin, size_t count) {
    double sum = 0;
    for (const float e : each.subspan(begin, count)) sum += e;
    return sum / static_cast<double>(count);
  };
  const auto batch = static_cast<size_t>(options_.batch);
  std::vector<std::pair<std::string, double>> parts = {{"erase", mean(0, batch)}};
  if (options_.retain_batch > 0)
    parts.emplace_back("retain", mean(batch, static_cast<size_t>(options_.retain_batch)));
  return parts;
}

}  // namespace lacuna
