// Retained prompts r of an edited text encoder T, and the empty one with them, keep their
// embeddings:
//   W mean (T(r) - T*(r))^2
// An embedding that stays gives the same prediction at every latent and timestep, so this is the
// retain term of ESD for all of them at once, for no UNet evaluation at all.
#pragma once

#include <string>
#include <vector>

#include "engine/ops.h"
#include "models/feed.h"
#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

class RetainedEmbeddings {
 public:
  // `batch` prompts in a micro-batch; 0: none are retained. Model and text cache must outlive it.
  RetainedEmbeddings(StableDiffusion& model, TextCache& text, std::vector<std::string> prompts,
                     int64_t batch, double weight);

  // Notes the embeddings as they are.
  void prepare();
  // The term in a graph, with inputs of its own, and those inputs for a micro-batch.
  Loss loss(Graph& graph) const;
  void fill(Feed& feed, Rng& rng) const;
  // ||T(r) - T*(r)|| / ||T*(r)|| over all of them; 0 without any.
  double drift(const Overlay& edited_text) const;

 private:
  StableDiffusion& model_;
  TextCache& text_;
  std::vector<std::string> prompts_;  // the last is the empty one
  int64_t batch_;
  double weight_;
  std::vector<Embeddings> original_;  // in the order of the prompts
};

}  // namespace lacuna
