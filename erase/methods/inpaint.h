// Inpainting Erasure: ESD inside masks of the image (after kevinlu4588's Inpainting Erasure, 2025).
//
//   L = sum(m (eps(z, c) - target)^2) / (C sum(m))
//     + w sum((1 - m) (eps(z, c) - eps*(z, c))^2) / (C sum(1 - m))
//
// m [h,w] is a mask averaged over the pixels of each latent, target is ESD's (esd.h), C the
// channels: inside, the concept is erased, outside, the frozen model's own prediction is kept, each
// normalised by its area. Every example picks one of the masks at random. Retained prompts are
// ESD's.
//
// Weights are shared by all places of an image, so a mask in training alone cannot confine an edit;
// RegionMode (models/regional.h) does, when images are drawn.
#pragma once

#include <string>
#include <vector>

#include "erase/methods/esd.h"
#include "pictures/region.h"

namespace lacuna {

// What the loss asks for outside the mask: the frozen prediction, nothing, or the same as inside.
// The last is what the published grid scripts do: they draw masks and never multiply by them.
enum class MaskLoss { both, inside_only, ignored };
std::span<const Word> words(MaskLoss);

struct InpaintOptions {
  EsdOptions esd;
  std::vector<Region> masks;  // of the image's size
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

// The masks, and what an example asks inside and outside of one.
class Masks {
 public:
  // Averages the masks over the pixels of each latent. Throws InputError when one covers less than
  // a hundredth of a latent. The options must outlive the object.
  explicit Masks(const InpaintOptions& options);

  size_t count() const { return masks_.size(); }
  std::span<const float> operator[](size_t mask) const { return masks_[mask]; }
  // A mean over all latents times these is the mean inside the mask, and the weighted one outside.
  // A mask that leaves nothing outside asks nothing there.
  struct Weights {
    float inside, outside;
  };
  Weights weights(size_t mask) const;

 private:
  const InpaintOptions& options_;
  std::vector<std::vector<float>> masks_;  // [h,w]
};

class Inpaint : public Method {
 public:
  // All of the arguments must outlive the method.
  Inpaint(Device& device, StableDiffusion& model, TextCache& text, const Trainables& trainables,
          InpaintOptions options, std::string model_hash);

  std::string name() const override { return "inpaint"; }
  std::string sentence() const override;
  OptionTexts options() const override;
  void reserve() override;
  void prepare(const ProgressCallback& progress) override;
  Loss loss(Graph& graph) const override;
  Batch next(int64_t index) const override;
  std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const override {
    return parts_.parts(each);
  }
  int64_t evaluations() const override { return parts_.evaluations(); }
  int64_t batch() const override { return parts_.batch(); }

  // Of the published grid script for as many examples (methods' table: three frozen predictions,
  // forward with backward).
  static double published_evaluations(int64_t examples) {
    return 6 * static_cast<double>(examples);
  }

 private:
  Entry noise_example(Rng& rng) const;

  StableDiffusion& model_;
  TextCache& text_;
  InpaintOptions options_;
  EsdParts parts_;
  Masks masks_;
};

}  // namespace lacuna
