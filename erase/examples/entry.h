// An entry of a micro-batch: where the edited UNet is asked, about what, and what it shall answer.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "erase/method.h"
#include "models/denoiser.h"
#include "models/text/text_cache.h"

namespace lacuna {

struct Entry {
  std::vector<float> latents;  // z_t, [C,h,w] like all of them
  float timestep = 0;
  std::string prompt;
  std::vector<float> target;  // [C,h,w]; empty when the loss computes it
  UsedExample used;           // with the weight
};

// Fills the denoiser's inputs, and "target" with the targets of those that have one. `text`: whose
// conditioning; null when the graph computes it. `canvas`: see DenoiserInput.
void fill(Feed& feed, const Denoiser& denoiser, std::span<const Entry> entries, TextCache* text,
          std::span<const float> canvas);
// What they are, for the log.
std::vector<UsedExample> used_of(std::span<const Entry> entries);

// Token ids [N,T] of texts, for a graph that computes their embeddings.
std::vector<int32_t> token_ids(const Tokenizer& tokenizer, std::span<const std::string> texts);

}  // namespace lacuna
