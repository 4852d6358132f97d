// How far an edit has come, without looking at images: on sentences and neighbours that nothing was
// learned from.
//
// With f a sentence of the concept, a the same with the anchor in its place and eps* the frozen
// model,
//
//   pull  = < eps(z_t, f) - eps*(z_t, a), d > / < d, d >,  d = eps*(z_t, f) - eps*(z_t, a)
//   drift = | eps(z_t, r) - eps*(z_t, r) |^2 / | eps*(z_t, r) - eps*(z_t, "") |^2
//
// pull is 1 before, 0 when the sentence draws the anchor, below 0 beyond it. drift is the share of
// what a text r says that has changed, 0 before. Both are ratios, so they mean the same for every
// model.
#pragma once

#include <string>
#include <vector>

#include "erase/concept/effects.h"

namespace lacuna {

struct Progressed {
  struct Text {
    std::string text;
    double value = 0;
  };
  std::vector<Text> pulls, drifts;

  // The mean over all sentences, in which one that goes beyond its anchor makes up for no other,
  // and the largest.
  double pull() const;
  double drift() const;
  const Text& worst_pull() const;
  const Text& worst_drift() const;
};

class PullAndDrift {
 public:
  // The model must outlive it.
  PullAndDrift(StableDiffusion& model, LatentSize size) : model_(&model), size_(size) {}

  // How much of the pull of `sentence`, away from `anchor`, another text has in the frozen model.
  static double pull_of(Effects& effects, const std::string& text, const std::string& sentence,
                        const std::string& anchor);

  // Another sentence at the places of `effects`, with the anchor's; another text that stays. What
  // the frozen model predicts is taken from there, so it costs nothing if it was computed together.
  // With `asked`, that text asks for what the sentence says, and is measured in its place.
  void add_concept(Effects& effects, const std::string& sentence, const std::string& anchor,
                   std::string asked = {});
  void add_kept(Effects& effects, std::string text);
  // All that another measure has.
  void add(PullAndDrift&& other);

  // Of an edited model. `text` has its conditioning.
  Progressed of(Predictor& predictor, TextCache& text) const;

 private:
  struct Measured {
    std::vector<Place> places;
    std::string text;
    bool concept_;
    Predicted goal, direction;  // of all places in a row
  };
  std::vector<Predicted> predictions(Predictor& predictor, TextCache& text) const;

  StableDiffusion* model_;
  LatentSize size_;
  std::vector<Measured> all_;
};

}  // namespace lacuna
