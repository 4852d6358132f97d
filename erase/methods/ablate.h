// Concept Ablation (Kumari et al., ICCV 2023, arXiv 2303.13516): the concept becomes its anchor.
//
//   model-based   L = || eps(z_t, c*) - sg[ eps(z_t, c) ] ||^2
//   noise-based   L = || eps(z_t, c*) - e ||^2
//   prior         + W || eps(z_t, c) - e ||^2
//
// c is an anchor prompt, c* the caption with the concept that is to be drawn like it, z_t =
// sqrt(a_t) z_0 + sqrt(1 - a_t) e with z_0 an image that the frozen model drew for c and t from all
// training timesteps; sg stops the gradient, and eps in it is the model as it is being trained, so
// that no frozen copy is needed. Keys and values of the start token are constants for gradients, as
// published: the predictions for the empty prompt depend on them.
//
// The prior asks at the same latents as the concept, so its forward pass also serves as the target.
// Retained prompts r (not in the paper) add V || eps(z_t, r) - eps*(z_t, r) ||^2 on the frozen
// model's own trajectories.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "erase/examples/anchors.h"
#include "erase/examples/augment.h"
#include "erase/examples/retained.h"
#include "erase/method.h"
#include "erase/methods/ablate_captions.h"
#include "erase/trainables.h"

namespace lacuna {

enum class AblateLoss { model_based, noise_based };
std::span<const Word> words(AblateLoss);

// If a mask is applied, published programs sum the error over the latent's channels and divide by
// the mask's area alone: the mean times the number of channels.
enum class AblateCompat { none, compvis, diffusers };
std::span<const Word> words(AblateCompat);

struct AblateOptions {
  ConceptType type = ConceptType::style;
  std::vector<std::string> concepts;  // for the sentence and the log
  std::vector<CaptionPair> pairs;     // one a prompt of `anchors`
  AnchorOptions anchors;
  AblateLoss loss = AblateLoss::model_based;
  AblateCompat compat = AblateCompat::none;
  Augment augment = Augment::none;
  double prior_weight = 1;  // 0: no prior preservation
  int64_t batch = 4;
  // For memorization: the memorised image, the similarity above which an anchor counts as a copy of
  // it, and another program's scores instead of the correlation.
  std::optional<Image> memorized;
  double most_similar = 0.5;
  std::filesystem::path scores;
  std::vector<std::string> retain;
  double retain_weight = 1, retain_neutral = 0.25;
  int64_t retain_batch = 0;
  int retain_steps = 10;
  std::filesystem::path cache;  // of the retained prompts' trajectories
  uint64_t seed = 0;
  LatentSize size;

  // Its own and the anchors', without captions, files and folders.
  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
};

class Ablate : public Method {
 public:
  // All of the arguments must outlive the method.
  Ablate(StableDiffusion& model, TextCache& text, const Trainables& trainables,
         AblateOptions options, std::string model_hash);

  std::string name() const override { return "ablate"; }
  std::string sentence() const override;
  OptionTexts options() const override;
  void reserve() override;
  void prepare(const ProgressCallback& progress) override;
  Loss loss(Graph& graph) const override;
  Batch next(int64_t index) const override;
  std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const override;
  int64_t evaluations() const override { return model_.predictor().evaluations(); }
  int64_t target_evaluations() const override {
    return own_target() && !has_prior() ? options_.batch : 0;
  }
  int64_t batch() const override { return entries(); }

  const AnchorOptions& anchor_options() const { return options_.anchors; }
  // UNet evaluations of the published program (diffusers) for as many captions, without a prior:
  // forward with backward of the concept and a forward pass of its anchor, after 200 anchor images
  // at least, of 25 steps with guidance.
  double published_evaluations(int64_t micro_batches) const;

  // A concept's example with its anchor caption.
  struct Example {
    Entry entry;
    std::vector<float> mask;  // [h,w]
    std::string anchor;
    std::vector<float> noise;
  };
  // A micro-batch of these.
  Batch batch_of(std::span<const Example> examples, std::span<const Entry> retained) const;

 private:
  bool has_prior() const { return options_.prior_weight > 0; }
  int64_t entries() const { return options_.batch * (has_prior() ? 2 : 1) + options_.retain_batch; }
  bool own_target() const { return options_.loss == AblateLoss::model_based; }
  bool edits_text() const { return trainables_.part() == ModelPart::text; }
  Denoiser denoiser() const;
  // The embeddings of `count` texts: an input, or the edited text encoder's.
  Tensor sequence(Graph& graph, const char* name, int64_t count) const;
  void set_texts(Feed& feed, const char* name, std::span<const std::string> texts) const;
  void filter_memorized(const ProgressCallback& progress);
  Example example(Rng& rng) const;

  StableDiffusion& model_;
  TextCache& text_;
  const Trainables& trainables_;
  AblateOptions options_;
  std::string model_hash_;
  std::vector<Anchor> anchors_;
  RetainedExamples retain_;
};

}  // namespace lacuna
