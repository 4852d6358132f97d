// The closed form of `lacuna erase --concept X`: UCE (erase/closed/uce.h) over keys and values of
// the cross-attention, each phrasing towards the same with the anchor in the concept's place.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "erase/closed/concept_embeddings.h"
#include "erase/closed/cross_attention.h"
#include "erase/trainables.h"
#include "models/stable_diffusion.h"

namespace lacuna {

class AnchoredUce {
 public:
  // The matrices that it changes.
  static CrossAttention matrices_of(StableDiffusion& model);

  // Runs the text encoder on all texts. `go_on` is asked before every piece of work and may throw.
  // `attention` must outlive it.
  AnchoredUce(StableDiffusion& model, const CrossAttention& attention,
              const std::vector<Phrasing>& learned, std::vector<std::string> kept,
              const std::function<void()>& go_on);

  // The edited tensors, with the concepts' terms weighted by `scale` against those that stay.
  std::vector<Trainables::Export> edited(double scale) const;

 private:
  const CrossAttention& attention_;
  ConceptStates states_;
};

}  // namespace lacuna
