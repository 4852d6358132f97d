#include "erase/examples/entry.h"

#include "models/layout.h"

namespace lacuna {

void fill(Feed& feed, const Denoiser& denoiser, std::span<const Entry> entries, TextCache* text,
          std::span<const float> canvas) {
  std::vector<DenoiserInput> inputs;
  std::vector<float> targets;
  for (const Entry& e : entries) {
    inputs.push_back(
        {e.latents, e.timestep, text ? text->conditioning(e.prompt) : Conditioning{}, canvas});
    append_channels_last(targets, e.target, denoiser.channels());
  }
  denoiser.fill(feed, inputs);
  if (!targets.empty()) feed.set("target", std::move(targets));
}

std::vector<UsedExample> used_of(std::span<const Entry> entries) {
  std::vector<UsedExample> all;
  for (const Entry& e : entries) all.push_back(e.used);
  return all;
}

std::vector<int32_t> token_ids(const Tokenizer& tokenizer, std::span<const std::string> texts) {
  std::vector<int32_t> all;
  for (const std::string& text : texts) {
    const std::vector<int32_t> ids = tokenizer.encode(text).ids;
    all.insert(all.end(), ids.begin(), ids.end());
  }
  return all;
}

}  // namespace lacuna
