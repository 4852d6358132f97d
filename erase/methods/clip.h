// Erasing a low-level concept (a colour, a shape, a texture) in the text encoder.
//
//   ascent   L = - mean (eps*(z_t, t, T(c)) - eps)^2          (few-shot erasing, BMVC 2024,
//            arXiv 2405.07288, and LETHE): images of the concept become what its text predicts
//            worst
//   esd      L = mean (eps*(z_t, t, T(c)) - [ eps*(z_t, "") - eta (eps*(z_t, c) - eps*(z_t, ""))
//   ])^2
//            (ESD, arXiv 2303.07345): the text predicts the opposite of what it did
//
//   states   L = mean (T(f) - T*(a))^2          (not in a paper): a phrasing f has the states that
//   the
//            same has with an anchor in the concept's place, and with them all of its predictions
//
// T is the edited text encoder and eps* the frozen UNet, through which the gradient flows. In
// ascent z_t = sqrt(a_t) z_0 + sqrt(1 - a_t) eps with z_0 an image's latents and t from all
// training timesteps; in esd it lies on the frozen model's own trajectories. Ascent has no minimum:
// the number of epochs is the strength, and every epoch is a save point.
//
// Retained prompts keep their embeddings (retained_embeddings.h), and with the loss `states` so do
// the phrasings with the anchor: else the anchor would follow the concept. That loss asks the UNet
// for nothing.
#pragma once

#include <string>
#include <vector>

#include "base/options/words.h"
#include "erase/examples/entry.h"
#include "erase/examples/retained_embeddings.h"
#include "erase/examples/trajectories.h"
#include "erase/method.h"
#include "erase/methods/concept_pull.h"
#include "erase/trainables.h"

namespace lacuna {

class Fields;

enum class ClipLoss { ascent, esd, states };
std::span<const Word> words(ClipLoss);

struct ClipOptions {
  std::vector<std::string> concepts;
  std::vector<std::string> prompts;  // captions with the concept in them, used instead of it
  ClipLoss loss = ClipLoss::ascent;
  // Of `states`: each caption with the anchor in the concept's place.
  std::vector<std::string> anchors;
  std::vector<Image> images;  // of the model's size, for ascent
  std::string source;         // where they are from, for the sentence and the log: "flat:red"
  double flip = 0.5;          // the share of them that is mirrored
  std::vector<std::string> retain;
  double retain_weight = 1;
  int64_t batch = 1, retain_batch = 0;
  // Of esd.
  double eta = 1;
  int steps = 50;
  float start_guidance = 3;
  int64_t trajectories = 0;     // 0: one for each text, about 20 in all
  std::filesystem::path cache;  // where trajectories are kept
  bool pull = false;            // whether pull() will be asked for: known for the memory plan
  uint64_t seed = 0;
  LatentSize size;

  // All options except where `images`, `prompts` and `retain` are from.
  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
};

class Clip : public Method {
 public:
  // `trainables` is what the edited text encoder consists of. All of the arguments must outlive the
  // method.
  Clip(StableDiffusion& model, TextCache& text, const Trainables& trainables, ClipOptions options,
       std::string model_hash);

  std::string name() const override { return "clip"; }
  std::string sentence() const override;
  OptionTexts options() const override;
  void reserve() override;
  void prepare(const ProgressCallback& progress) override;
  Loss loss(Graph& graph) const override;
  bool bounded() const override { return options_.loss != ClipLoss::ascent; }
  Batch next(int64_t index) const override;
  std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const override;
  int64_t evaluations() const override { return model_.predictor().evaluations(); }
  int64_t batch() const override { return options_.batch; }

  // Micro-batches in which every image (every trajectory, every caption) is used once.
  int64_t per_epoch() const;
  // The concept's pull that the edited encoder has left (concept_pull.h), at a few latents of the
  // training examples from all parts of the schedule. From prepare() on.
  double pull();
  // ||T(r) - T*(r)|| / ||T*(r)|| over the retained prompts: what they have lost. 0 without any.
  double drift();

 private:
  const std::vector<std::string>& captions() const {
    return options_.prompts.empty() ? options_.concepts : options_.prompts;
  }
  size_t sources() const;  // images, trajectories or captions
  bool of_states() const { return options_.loss == ClipLoss::states; }
  std::vector<TrajectoryPrompt> erase_prompts() const;
  void encode_pictures(const ProgressCallback& progress);
  void sample_trajectories(const ProgressCallback& progress);
  void choose_places();  // where pull() measures
  Denoiser denoiser() const;
  Entry example(size_t source, Rng& rng) const;
  Overlay edited_text() const {
    return [this](Graph& g) { trainables_.replace(g); };
  }

  StableDiffusion& model_;
  TextCache& text_;
  const Trainables& trainables_;
  ClipOptions options_;
  std::string model_hash_;
  std::vector<std::vector<float>> latents_;  // of the images
  std::vector<Trajectory> trajectories_;
  std::vector<Embeddings> goals_;  // of states: those of the anchors
  ConceptPull pull_;
  RetainedEmbeddings retained_;
};

}  // namespace lacuna
