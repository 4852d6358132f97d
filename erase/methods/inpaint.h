// Inpainting Erasure: ESD inside masks of the picture (after kevinlu4588's Inpainting Erasure,
// 2025).
//
//   L = sum(m (eps(z, c) - target)^2) / (C sum(m))
//     + w sum((1 - m) (eps(z, c) - eps*(z, c))^2) / (C sum(1 - m))
//
// m [h,w] is a mask averaged over the pixels of each latent, target is ESD's (esd.h), C the
// channels: inside, the concept is erased, outside, the frozen model's own prediction is kept, each
// normalised by its area. Every example draws one of the masks. Retained prompts are ESD's.
//
// Weights are shared by all places of a picture, so a mask in training alone cannot confine an
// edit; RegionMode (models/generate.h) does, when pictures are drawn.
#pragma once

#include <string>
#include <vector>

#include "erase/methods/esd.h"
#include "pictures/region.h"

namespace lacuna {

// What is asked outside the mask: the frozen prediction, nothing, or the same as inside, which is
// what the published grid scripts do: they draw masks and never multiply by them.
enum class MaskLoss { both, inside_only, ignored };
std::span<const Word> words(MaskLoss);

struct InpaintOptions {
  EsdOptions esd;
  std::vector<Region> masks;  // of the picture's size
  MaskLoss mask_loss = MaskLoss::both;
  double outside_weight = 0.1;  // w, as published
  // The published grid script: latents are pure noise at a timestep drawn from all, and the target
  // is eps*(z, n) - eta (eps*(z, c) - eps*(z, "")) for a neutral text n.
  bool grid = false;
  std::string neutral;  // n

  // Its own and esd's, without `masks`.
  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
};

class Inpaint : public Esd {
 public:
  // All of the arguments must outlive the method.
  Inpaint(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
          InpaintOptions options, std::string model_hash);

  std::string name() const override { return "inpaint"; }
  std::string sentence() const override;
  OptionTexts options() const override;
  void reserve() override;
  Loss loss(Graph& graph) const override;
  void next(int64_t index, Plan& plan) override;

  // Of the published grid script for as many examples (methods' table: three frozen predictions,
  // forward with backward).
  static double published_evaluations(int64_t examples) {
    return 6 * static_cast<double>(examples);
  }

 private:
  Choice erase_example(Rng& rng) override;
  bool cached() const override { return !options_.grid; }
  Choice noise_example(Rng& rng);

  // What an example to erase asks besides its Choice.
  struct Masked {
    std::span<const float> mask;  // [h,w]
    std::vector<float> kept;      // eps*(z, c), [C,h,w]
    float inside, outside;        // a mean over all latents times these is the mean over either
  };
  Masked masked(std::span<const float> mask, std::vector<float> kept) const;

  InpaintOptions options_;
  std::vector<std::vector<float>> masks_;  // averaged, [h,w]
  std::vector<Masked> drawn_;              // of this micro-batch
};

}  // namespace lacuna
