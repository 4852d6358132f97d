#include "jobs/draw/draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/options/option.h"
#include "jobs/interrupt.h"
#include "models/samplers/sampler.h"

namespace lacuna {

Drawer::Drawer(StableDiffusion& model, TextPredictor& text, const GenerateOptions& options,
               int64_t batch, Progress& progress)
    : model_(model),
      options_(options),
      progress_(progress),
      text_(text),
      size_(model.latent_size(options.width, options.height)),
      calls_(Sampler::make(options.sampler, model.noise_schedule(), {.steps = options.steps})
                 ->calls()),
      batch_(batch) {
  if (batch < 1 || batch > 256)
    throw InputError("[sample] {} {} is out of range; 1 to 256 are possible", option("batch"),
                     batch);
}

int64_t Drawer::steps(size_t pictures) const {
  return calls_ * ((static_cast<int64_t>(pictures) + batch_ - 1) / batch_);
}

void Drawer::draw(std::span<const ImageRequest> requests, const Visit& visit, EditedModel* edited,
                  const Regional* regional) {
  TextCache& text = edited ? edited->text() : text_;
  const GenerateExtras extras = {regional, edited ? &edited->predictor() : nullptr};
  const auto batch = static_cast<size_t>(batch_);
  for (size_t first = 0; first < requests.size(); first += batch) {
    const auto part = requests.subspan(first, std::min(batch, requests.size() - first));
    unet_batch_ = static_cast<int64_t>(part.size()) * (options_.guidance > 1 ? 2 : 1);
    const std::string note = fmt::format("picture {}", first + 1);
    const auto step = [&](int call, int) {
      warn_cuts(text);
      progress_.update(done_ + call, note);
      return !interrupted();
    };
    std::vector<Generated> results = generate(model_, text, part, options_, step, extras);
    if (results.empty()) throw Interrupted{};
    done_ += calls_;
    for (size_t i = 0; i < results.size(); i++) visit(first + i, std::move(results[i]));
  }
}

void Drawer::warn_cuts(const TextCache& text) {
  for (const CutPrompt& c : text.cuts()) {
    if (!told_.insert(c.prompt).second) continue;
    std::fprintf(stderr,
                 "\nwarning: the prompt is longer than the model's context; this was cut: \"%s\"\n",
                 c.cut.c_str());
    progress_.event({{"event", "cut"}, {"prompt", c.prompt}, {"cut", c.cut}});
  }
}

}  // namespace lacuna
