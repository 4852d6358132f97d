#include "models/generate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lacuna {

TextStates TextCache::states(const std::string& prompt) {
  if (const uint64_t now = encoder_.version(); now != version_) {
    known_.clear();
    version_ = now;
  }
  if (const auto found = known_.find(prompt); found != known_.end()) return found->second;
  const Tokenizer::Encoding encoding = encoder_.tokenizer().encode(prompt);
  // Told once, whatever encoder comes next.
  const auto same = [&](const CutPrompt& c) { return c.prompt == prompt; };
  if (!encoding.cut.empty() && std::none_of(cuts_.begin(), cuts_.end(), same))
    cuts_.push_back({prompt, encoding.cut});
  if (known_.size() >= most_known) known_.clear();
  return known_[prompt] = encoder_.encode(encoding);
}

void guide(std::span<float> neutral, std::span<const float> conditional, float guidance) {
  for (size_t i = 0; i < neutral.size(); i++)
    neutral[i] += guidance * (conditional[i] - neutral[i]);
}

std::vector<float> starting_latents(const StableDiffusion& model, LatentSize size,
                                    const Sampler& sampler, Rng& rng) {
  std::vector<float> latents(
      static_cast<size_t>(model.vae_config().latent_channels * size.height * size.width));
  rng.randn(std::span<float>(latents));
  for (float& v : latents) v *= sampler.init_noise_sigma();
  return latents;
}

RegionMode parse_region_mode(std::string_view name) {
  if (name == "prediction") return RegionMode::prediction;
  if (name == "latents") return RegionMode::latents;
  throw InputError("[region] mode '{}' is unknown; choose prediction or latents", name);
}

namespace {

// One image on its way from noise to latents.
struct Way {
  std::unique_ptr<Sampler> sampler;
  Rng rng;
  std::vector<float> latents, input;
  TextStates prompt, negative;  // without guidance there is no negative
};

using StatesOf = std::function<TextStates(const std::string&)>;

std::vector<Way> start(const StableDiffusion& model, const StatesOf& states,
                       std::span<const ImageRequest> requests, const GenerateOptions& o,
                       LatentSize size) {
  std::vector<Way> ways;
  for (const ImageRequest& request : requests) {
    Way w{Sampler::make(o.sampler, model.noise_schedule(), {.steps = o.steps, .eta = o.eta}),
          Rng(o.rng, request.seed),
          {},
          {},
          states(request.prompt),
          o.guidance > 1 ? states(request.negative) : nullptr};
    w.latents = starting_latents(model, size, *w.sampler, w.rng);
    ways.push_back(std::move(w));
  }
  return ways;
}

// The prediction of each, after guidance.
std::vector<std::vector<float>> predict(Predictor& predictor, std::span<Way> ways, int call,
                                        float guidance, LatentSize size) {
  std::vector<UNetInput> batch;
  for (Way& w : ways) {
    w.input = w.latents;
    w.sampler->scale_model_input(call, w.input);
    const float timestep = w.sampler->timesteps()[static_cast<size_t>(call)];
    if (w.negative) batch.push_back({w.input, timestep, w.negative});
    batch.push_back({w.input, timestep, w.prompt});
  }
  std::vector<std::vector<float>> predictions = predictor(batch, size);
  std::vector<std::vector<float>> guided;
  for (size_t next = 0; const Way& w : ways) {
    std::vector<float>& e = predictions[next++];
    if (w.negative) guide(e, predictions[next++], guidance);
    guided.push_back(std::move(e));
  }
  return guided;
}

// The latents without noise that a prediction points to (DDPM, equation 4, solved for x_0; for v,
// arXiv 2202.00512, section 4). Fractional timesteps, which some samplers have, take the next one.
std::vector<float> without_noise(const NoiseSchedule& schedule, const Way& w, int call,
                                 std::span<const float> prediction) {
  const float timestep = w.sampler->timesteps()[static_cast<size_t>(call)];
  const auto t = std::clamp<int64_t>(std::llround(timestep), 0, schedule.train_timesteps() - 1);
  // Zero terminal SNR: then the prediction alone says anything.
  const float a = std::max(schedule.alphas_cumprod()[static_cast<size_t>(t)], 1e-4f);
  const float signal = std::sqrt(a), noise = std::sqrt(1 - a);
  const bool v = schedule.config().prediction == Prediction::v;
  std::vector<float> x0(w.input.size());
  for (size_t i = 0; i < x0.size(); i++)
    x0[i] = v ? signal * w.input[i] - noise * prediction[i]
              : (w.input[i] - noise * prediction[i]) / signal;
  return x0;
}

// inside * edited + (1 - inside) * original, channel by channel. Where nothing is mixed the bits of
// either stay.
void mix_in(std::span<float> edited, std::span<const float> original,
            std::span<const float> inside) {
  for (size_t i = 0; i < edited.size(); i++) {
    const float m = inside[i % inside.size()];
    edited[i] = m == 1 ? edited[i] : m == 0 ? original[i] : m * edited[i] + (1 - m) * original[i];
  }
}

// The same for pictures, whose m is interpolated between the latents: a latent beyond the border
// the picture is the original's. Attention and group norms of the VAE know no distance, so latents
// that stay would not be enough.
void mix_in(Image& edited, const Image& original, std::span<const float> inside, LatentSize size) {
  const auto at = [&](int64_t y, int64_t x) {
    return inside[static_cast<size_t>(std::clamp<int64_t>(y, 0, size.height - 1) * size.width +
                                      std::clamp<int64_t>(x, 0, size.width - 1))];
  };
  size_t k = 0;
  for (int py = 0; py < edited.height; py++) {
    const double y = (py + 0.5) * static_cast<double>(size.height) / edited.height - 0.5;
    const double fy = std::floor(y);
    for (int px = 0; px < edited.width; px++) {
      const double x = (px + 0.5) * static_cast<double>(size.width) / edited.width - 0.5;
      const double fx = std::floor(x);
      const auto i = static_cast<int64_t>(fy), j = static_cast<int64_t>(fx);
      const double top = at(i, j) + (x - fx) * (at(i, j + 1) - at(i, j));
      const double bottom = at(i + 1, j) + (x - fx) * (at(i + 1, j + 1) - at(i + 1, j));
      const double m = top + (y - fy) * (bottom - top);
      for (int c = 0; c < 3; c++, k++)
        edited.rgb[k] =
            static_cast<uint8_t>(std::lround(m * edited.rgb[k] + (1 - m) * original.rgb[k]));
    }
  }
}

// What the original model does beside the edited one.
class Beside {
 public:
  Beside(const Regional* regional, const StableDiffusion& model,
         std::span<const ImageRequest> requests, const GenerateOptions& o, LatentSize size)
      : regional_(regional), guidance_(o.guidance), size_(size) {
    if (regional_) ways_ = start(model, regional_->original_text, requests, o, size);
  }

  // Before the edited pictures take their step.
  void mix_predictions(std::span<const Way> edited, std::span<std::vector<float>> predictions,
                       int call) {
    if (!regional_) return;
    const bool mixes = regional_->mode == RegionMode::prediction;
    if (mixes)
      for (size_t i = 0; i < ways_.size(); i++) ways_[i].latents = edited[i].latents;
    originals_ = predict(regional_->original, ways_, call, guidance_, size_);
    if (mixes)
      for (size_t i = 0; i < ways_.size(); i++)
        mix_in(predictions[i], originals_[i], regional_->inside);
  }
  // After it.
  void mix_latents(std::span<Way> edited, int call) {
    if (!regional_ || regional_->mode != RegionMode::latents) return;
    for (size_t i = 0; i < ways_.size(); i++) {
      ways_[i].sampler->step(call, originals_[i], ways_[i].latents, ways_[i].rng);
      mix_in(edited[i].latents, ways_[i].latents, regional_->inside);
    }
  }
  // At the end.
  void mix_picture(StableDiffusion& model, size_t i, Image& edited) {
    if (!regional_ || regional_->mode != RegionMode::latents) return;
    mix_in(edited, model.decode(ways_[i].latents, size_), regional_->inside, size_);
  }

 private:
  const Regional* regional_;
  float guidance_;
  LatentSize size_;
  std::vector<Way> ways_;
  std::vector<std::vector<float>> originals_;
};

void check_options(const GenerateOptions& o) {
  if (!std::isfinite(o.guidance) || o.guidance < 0 || o.guidance > 1000)
    throw InputError("[sample] guidance {} is out of range; 1 to 20 are usual", o.guidance);
  if (!std::isfinite(o.eta) || o.eta < 0 || o.eta > 1)
    throw InputError("[sample] eta {} is out of range; it lies between 0 and 1", o.eta);
}

}  // namespace

std::vector<Generated> generate(StableDiffusion& model, TextCache& text,
                                std::span<const ImageRequest> requests, const GenerateOptions& o,
                                const StepCallback& step, const GenerateExtras& extras) {
  check_options(o);
  const Regional* const regional = extras.regional;
  Predictor& predictor = extras.predictor ? *extras.predictor : model.predictor();
  const LatentSize size = model.latent_size(o.width, o.height);
  if (requests.empty()) return {};
  // What does not fit on the device is known before the first step, not at the last.
  const auto entries = static_cast<int64_t>(requests.size()) * (o.guidance > 1 ? 2 : 1);
  predictor.plan(entries, size);
  if (regional) regional->original.plan(entries, size);
  if (o.decode) model.decoder_plan(size);
  Beside beside(regional, model, requests, o, size);
  std::vector<Way> ways = start(
      model, [&](const std::string& t) { return text.states(t); }, requests, o, size);
  const int calls = ways[0].sampler->calls();
  for (int i = 0; i < calls; i++) {
    if (step && !step(i, calls)) return {};
    std::vector<std::vector<float>> predictions = predict(predictor, ways, i, o.guidance, size);
    beside.mix_predictions(ways, predictions, i);
    if (extras.glimpse)
      for (size_t k = 0; k < ways.size(); k++)
        extras.glimpse(i, k, without_noise(model.noise_schedule(), ways[k], i, predictions[k]));
    for (size_t k = 0; k < ways.size(); k++)
      ways[k].sampler->step(i, predictions[k], ways[k].latents, ways[k].rng);
    beside.mix_latents(ways, i);
  }
  if (step && !step(calls, calls)) return {};
  std::vector<Generated> results;
  for (size_t k = 0; k < ways.size(); k++) {
    Image image = o.decode ? model.decode(ways[k].latents, size) : Image{};
    results.push_back({std::move(image), std::move(ways[k].latents)});
    if (o.decode) beside.mix_picture(model, k, results.back().image);
  }
  return results;
}

}  // namespace lacuna
