#include "erase/methods/ablate.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/options/fields.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"
#include "models/layout.h"

namespace lacuna {
namespace {

constexpr uint64_t ablate_examples = uint64_t{1} << 40, ablate_anchors = uint64_t{2} << 40,
                   ablate_retained = uint64_t{3} << 40;
// The start token, whose keys and values are constants for gradients.
constexpr int64_t detached = 1;

}  // namespace

std::span<const Word> words(AblateLoss) {
  static constexpr Word all[] = {{"model", AblateLoss::model_based},
                                 {"noise", AblateLoss::noise_based}};
  return all;
}

std::span<const Word> words(AblateCompat) {
  static constexpr Word all[] = {{"none", AblateCompat::none, false},
                                 {"compvis", AblateCompat::compvis},
                                 {"diffusers", AblateCompat::diffusers}};
  return all;
}

void AblateOptions::describe(Fields& f) {
  f.group(group::keep);
  f.add("prior-weight", prior_weight, "X",
        "Weight of the anchor's own denoising loss; 0 leaves it out")
      .range(0, 1e6, "1 is usual, 0 leaves it out")
      .from_model()
      .identity();
  describe_retained(f, retain_weight, retain_batch, retain_neutral, retain_steps);
  f.group(group::strength);
  f.add("loss", loss, "Train towards the model's own prediction for the anchor, or to the noise")
      .identity();
  f.add("batch", batch, "N", "Captions of the concept at a time")
      .range(1, 256, "4 is usual")
      .from_model()
      .identity()
      .usually("4; memorization: 2");
  anchors.describe(f);
  f.add("augment", augment, "Use pictures as they are, mirrored, or resized with a mask")
      .from_model()
      .identity()
      .usually("none; objects: resize");
  f.add("most-similar", most_similar, "X",
        "Similarity to the memorised picture (correlation of the pixels) above which an anchor "
        "picture is a copy")
      .range(-1, 1, "0.5 is usual");
  f.add("similarity-file", scores, "FILE",
        "Your own scores instead, such as those of an SSCD network: lines \"picture,score\"; a run "
        "without it leaves the pictures to score");
  f.add("seed", seed, "N", "Seed of everything random").identity();
  f.add("compat", compat,
        "Sum the loss over the latent's channels and weigh the prior as that published program "
        "does")
      .identity();
}

void AblateOptions::check() const {
  fields_of(*this, "ablate").check();
  if (retain_batch > 0 && retain.empty())
    throw InputError("[ablate] {} needs prompts to retain; name a file with {}",
                     option("retain-batch"), option("retain"));
}

Ablate::Ablate(StableDiffusion& model, TextCache& text, const Trainables& trainables,
               AblateOptions options, std::string model_hash)
    : model_(model),
      text_(text),
      trainables_(trainables),
      options_(std::move(options)),
      model_hash_(std::move(model_hash)),
      retain_(model, text,
              {.prompts = options_.retain,
               .batch = options_.retain_batch,
               .neutral = options_.retain_neutral,
               .sampling = {.steps = options_.retain_steps,
                            .size = options_.size,
                            .folder = options_.cache},
               .seed = mix(options_.seed, ablate_retained)},
              model_hash_) {
  options_.check();
  options_.anchors.seed = mix(options_.seed, ablate_anchors);
  if (model.noise_schedule().config().prediction != Prediction::epsilon)
    throw InputError("[ablate] this model predicts velocities, not noise, and cannot be ablated");
}

std::string Ablate::sentence() const {
  const AblateOptions& o = options_;
  std::string text = fmt::format(
      "Concept Ablation: train {}eps(z_t, c*) towards {}, c* = {} captions of \"{}\" ({}), c = {} "
      "anchor prompts, z_t = {} noised pictures of them; {}",
      edits_text() ? "the embedding so that " : "",
      own_target() ? "sg[eps(z_t, c)]" : "the noise e",
      std::accumulate(o.pairs.begin(), o.pairs.end(), size_t{0},
                      [](size_t n, const CaptionPair& p) { return n + p.targets.size(); }),
      list(o.concepts), word_of(o.type), o.pairs.size(), o.anchors.count,
      o.compat == AblateCompat::none
          ? "the loss is the plain mean"
          : fmt::format("the loss is {} times the mean, as published ({})",
                        model_.unet_config().out_channels, word_of(o.compat)));
  if (has_prior()) text += fmt::format("; and {:g} times eps(z_t, c) towards e", o.prior_weight);
  if (o.retain_batch > 0)
    text += fmt::format("; and {:g} times eps(z, r) towards eps*(z, r) for {} retained prompts",
                        o.retain_weight, o.retain.size());
  return text;
}

OptionTexts Ablate::options() const {
  const AblateOptions& o = options_;
  std::vector<std::string> pairs;
  for (const CaptionPair& p : o.pairs)
    pairs.push_back(fmt::format("{} <- {}", p.anchor, fmt::join(p.targets, "; ")));
  OptionTexts all = fields_of(o).identity();
  all["method"] = "ablate";
  all["concept"] = list(o.concepts);
  all["type"] = word_of(o.type);
  all["pairs"] = list(pairs);
  all["retain"] = list(o.retain);
  all["size"] = fmt::format("{}x{}", o.size.width, o.size.height);
  if (o.memorized) {
    all["most-similar"] = fmt::format("{:g}", o.most_similar);
    all["similarity"] = o.scores.empty() ? "correlation" : display(o.scores);
    all["memorized"] = fingerprint(std::string_view(
        reinterpret_cast<const char*>(o.memorized->rgb.data()), o.memorized->rgb.size()));
  }
  return all;
}

void Ablate::reserve() {
  if (edits_text()) model_.text_plan();
  const int64_t together = std::min(options_.anchors.count, anchors_together);
  model_.predictor().plan(together * (options_.anchors.generate.guidance > 1 ? 2 : 1),
                          options_.size);
  if (options_.anchors.pixels) model_.decoder_plan(options_.size);
  model_.predictor().release();
  retain_.reserve();
  model_.predictor().release();
  // It lives beside the plans of training.
  if (options_.augment != Augment::none) model_.encoder_plan(options_.size);
}

void Ablate::prepare(const ProgressCallback& progress) {
  anchors_ = make_anchors(model_, text_, options_.anchors, model_hash_, progress);
  if (options_.memorized) filter_memorized(progress);
  retain_.prepare(progress);
  model_.predictor().release();
}

Denoiser Ablate::denoiser() const {
  return Denoiser(model_.unet(), model_.dtype(), entries(), options_.size);
}

Tensor Ablate::sequence(Graph& g, const char* name, int64_t count) const {
  const int64_t tokens = model_.tokenizer().context();
  if (!edits_text())
    return g.input(name, {count, tokens, model_.unet_config().cross_attention_dim});
  return model_.text_encoder().clip()(g.input(name, {count, tokens}, DType::i32));
}

Loss Ablate::loss(Graph& g) const {
  const AblateOptions& o = options_;
  const LatentSize size = o.size;
  const int64_t all = entries(), rest = all - o.batch;
  const Denoiser denoiser = this->denoiser();
  const Denoiser::Inputs inputs = denoiser.in(g, sequence(g, "texts", all));
  const Tensor prediction = denoiser.predict(inputs, detached);
  const Shape shape = prediction.shape();
  const int64_t each = shape.elements() / all;
  Tensor target;
  if (own_target()) {
    Tensor anchor;
    if (has_prior()) {
      anchor = slice(prediction.reshape({1, all * each}), o.batch * each, o.batch * each);
    } else {
      // The same latents and timesteps: the first of the micro-batch.
      const auto first = [&](Tensor x) {
        const int64_t one = x.shape().elements() / all;
        return slice(x.reshape({1, all * one}), 0, o.batch * one);
      };
      const auto first_latents = [&](Tensor x) {
        const Shape z = x.shape();
        return first(x).reshape({o.batch, z[1], z[2], z[3]});
      };
      Denoiser::Inputs its;
      its.latents = first_latents(inputs.latents);
      if (inputs.canvas) its.canvas = first_latents(inputs.canvas);
      its.features = first(inputs.features).reshape({o.batch, inputs.features.shape()[1]});
      its.sequence = sequence(g, "anchor_texts", o.batch);
      anchor = denoiser.predict(its).reshape({1, o.batch * each});
    }
    target = cast(detach(anchor), DType::f32);
    if (rest > 0) {
      const Tensor given = g.input("target", {rest, shape[1], shape[2], shape[3]});
      target = concat(target, given.reshape({1, rest * each}));
    }
    target = target.reshape(shape);
  } else {
    target = g.input("target", shape);
  }
  return mse(prediction, target, g.input("weight", {all, size.height, size.width}));
}

Ablate::Example Ablate::example(Rng& rng) const {
  const size_t which = rng.below(anchors_.size());
  const Anchor& a = anchors_[which];
  const CaptionPair& pair = options_.pairs[a.prompt];
  const std::string& caption = pair.targets[rng.below(pair.targets.size())];
  const auto timesteps = static_cast<uint64_t>(model_.noise_schedule().train_timesteps());
  const auto t = static_cast<int>(rng.below(timesteps));
  Rng noise(RngKind::torch, rng.next_u32());
  Example e;
  std::vector<float> latents = a.latents;
  std::string prefix;
  if (options_.augment == Augment::none) {
    e.mask.assign(static_cast<size_t>(options_.size.height * options_.size.width), 1.0f);
  } else {
    Augmented shown = augmented(a.image, options_.augment, options_.size, rng);
    latents = model_.encode(shown.image, &rng);
    e.mask = std::move(shown.mask);
    prefix = shown.prefix;
  }
  e.noise.resize(latents.size());
  noise.randn(std::span<float>(e.noise));
  e.entry.latents.resize(latents.size());
  model_.noise_schedule().add_noise(latents, e.noise, t, e.entry.latents);
  e.entry.timestep = static_cast<float>(t);
  e.entry.prompt = prefix + caption;
  e.anchor = prefix + pair.anchor;
  if (!own_target()) e.entry.target = e.noise;
  e.entry.used = {fmt::format("anchor {}", which), t, "ablate " + e.entry.prompt};
  return e;
}

Batch Ablate::next(int64_t index) const {
  Rng rng(RngKind::torch, mix(options_.seed, ablate_examples + static_cast<uint64_t>(index)));
  std::vector<Example> examples;
  for (int64_t i = 0; i < options_.batch; i++) examples.push_back(example(rng));
  std::vector<Entry> others;
  for (int64_t i = 0; i < options_.retain_batch; i++) others.push_back(retain_.draw(rng, {}));
  return batch_of(examples, others);
}

void Ablate::set_texts(Feed& feed, const char* name, std::span<const std::string> texts) const {
  if (edits_text()) return feed.set(name, token_ids(model_.tokenizer(), texts));
  std::vector<float> all;
  for (const std::string& t : texts) {
    const Conditioning c = text_.conditioning(t);
    all.insert(all.end(), c.sequence->begin(), c.sequence->end());
  }
  feed.set(name, std::move(all));
}

Batch Ablate::batch_of(std::span<const Example> examples, std::span<const Entry> others) const {
  const AblateOptions& o = options_;
  const double channels = static_cast<double>(model_.unet_config().out_channels);
  const double summed = o.compat == AblateCompat::none ? 1 : channels;
  const double prior = o.prior_weight * (o.compat == AblateCompat::compvis ? channels : 1);
  const auto latents = static_cast<size_t>(o.size.height * o.size.width);
  const std::vector<float> everywhere(latents, 1.0f);
  std::vector<Entry> all;
  std::vector<float> weights;
  // `weight` in the sum of the terms' means, each over its mask.
  const auto add = [&](Entry e, double weight, std::span<const float> mask) {
    const auto entries = static_cast<double>(this->entries());
    // The mean over all entries and latents of these is the sum of the terms.
    const double sum = std::accumulate(mask.begin(), mask.end(), 0.0);
    const double factor = weight * entries * static_cast<double>(mask.size()) / sum;
    for (const float m : mask) weights.push_back(static_cast<float>(factor * m));
    e.used.weight = weight * entries;
    all.push_back(std::move(e));
  };
  for (const Example& e : examples) add(e.entry, summed / static_cast<double>(o.batch), e.mask);
  for (const Example& e : examples) {
    if (!has_prior()) break;
    Entry p = e.entry;
    p.prompt = e.anchor;
    p.target = e.noise;
    p.used.role = "prior " + e.anchor;
    add(std::move(p), prior / static_cast<double>(o.batch), e.mask);
  }
  for (const Entry& e : others)
    add(e, o.retain_weight / static_cast<double>(o.retain_batch), everywhere);
  std::vector<std::string> captions, anchors;
  for (const Entry& e : all) captions.push_back(e.prompt);
  for (const Example& e : examples) anchors.push_back(e.anchor);
  Batch batch{{}, used_of(all)};
  fill(batch.inputs, denoiser(), all, nullptr, model_.blank_canvas(o.size));
  set_texts(batch.inputs, "texts", captions);
  if (own_target() && !has_prior()) set_texts(batch.inputs, "anchor_texts", anchors);
  batch.inputs.set("weight", std::move(weights));
  return batch;
}

std::vector<std::pair<std::string, double>> Ablate::parts(std::span<const float> each) const {
  const auto sum = [&](int64_t begin, int64_t count) {
    double total = 0;
    for (const float e : each.subspan(static_cast<size_t>(begin), static_cast<size_t>(count)))
      total += e;
    return total / static_cast<double>(entries());
  };
  std::vector<std::pair<std::string, double>> parts = {{"ablate", sum(0, options_.batch)}};
  if (has_prior()) parts.emplace_back("prior", sum(options_.batch, options_.batch));
  if (options_.retain_batch > 0)
    parts.emplace_back("retain", sum(entries() - options_.retain_batch, options_.retain_batch));
  return parts;
}

double Ablate::published_evaluations(int64_t micro_batches) const {
  const double pictures = static_cast<double>(std::max<int64_t>(200, options_.anchors.count));
  const auto examples = static_cast<double>(micro_batches * options_.batch);
  return pictures * 25 * 2 + examples * (3 + (own_target() ? 1 : 0));
}

}  // namespace lacuna
