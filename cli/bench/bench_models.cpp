#include "cli/bench/bench_models.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/rng.h"
#include "erase/methods/esd.h"
#include "erase/selection.h"
#include "erase/train.h"
#include "jobs/model_options.h"
#include "models/generate.h"

namespace lacuna {
namespace {

constexpr const char* prompt = "red";

std::vector<float> noise(int64_t count) {
  std::vector<float> values(static_cast<size_t>(count));
  Rng rng(RngKind::torch, 1);
  rng.randn(std::span<float>(values));
  return values;
}

class Programs {
 public:
  Programs(Device& device, const ProgramOptions& o, DType type,
           const std::function<void(const BenchLine&)>& visit)
      : device_(device),
        options_(o),
        visit_(visit),
        model_(device, o.folder, type == DType::f16 ? Precision::f16 : Precision::f32),
        text_(model_.text_predictor()) {
    const auto [width, height] = size_or_default(o.size, model_);
    size_ = model_.latent_size(width, height);
  }

  void unet() {
    BenchLine line = named("unet.forward", 2);
    if (!options_.wanted(line.kernel + " " + line.shape)) return;
    const double begin = wall_seconds();
    Plan& plan = model_.predictor().plan(2, size_);
    const std::vector<float> latents = noise(channels() * size_.height * size_.width);
    const std::span<const float> canvas = model_.blank_canvas(size_);
    const DenoiserInput both[] = {{latents, 500, text_.conditioning(""), canvas},
                                  {latents, 500, text_.conditioning(prompt), canvas}};
    Feed feed;
    Denoiser(model_.unet(), model_.dtype(), 2, size_).fill(feed, both);
    feed.to(plan);
    warm_up(line, plan, begin);
    run(line, [&] { plan.run(); });
    model_.predictor().release();
  }

  void training() {
    BenchLine both = named("unet.fwd+bwd", 1), iteration = named("esd.iteration", 1);
    const bool wants_both = options_.wanted(both.kernel + " " + both.shape);
    const bool wants_iteration = options_.wanted(iteration.kernel + " " + iteration.shape);
    if (!wants_both && !wants_iteration) return;
    const std::vector<std::string> names =
        select(parameters_of(ModelPart::unet, model_.unet_weights().file()), "x");
    const Trainables trainables(device_, model_.unet_weights(), names, 0, 0);
    // One short trajectory: examples are the same to the kernels wherever they come from.
    Esd method(device_, model_, text_, trainables,
               {.concepts = {prompt}, .steps = 2, .trajectories = 1, .size = size_}, "");
    method.prepare([](const std::string&, int64_t, int64_t) { return true; });
    const double begin = wall_seconds();
    Trainer trainer(device_, method, trainables, {});
    int64_t count = 0;
    trainer.iterate(count++, method);  // fills in the inputs, too
    Plan& plan = trainer.gradient_plan();
    warm_up(both, plan, begin);
    iteration.flop = both.flop, iteration.bytes = both.bytes;
    iteration.first_seconds = both.first_seconds;
    if (wants_both) run(both, [&] { plan.run(); });
    if (wants_iteration) run(iteration, [&] { trainer.iterate(count++, method); });
  }

  void vae() {
    const int64_t latent_channels = model_.vae_config().latent_channels;
    BenchLine line = named("vae.decode", 1, latent_channels);
    if (!options_.wanted(line.kernel + " " + line.shape)) return;
    const double begin = wall_seconds();
    Plan& plan = model_.decoder_plan(size_);
    plan.set("latents",
             std::span<const float>(noise(latent_channels * size_.height * size_.width)));
    warm_up(line, plan, begin);
    run(line, [&] { plan.run(); });
  }

 private:
  int64_t channels() const { return model_.unet_config().out_channels; }

  BenchLine named(const char* kernel, int64_t batch, int64_t channel_count = 0) const {
    return {.kernel = kernel,
            .shape = fmt::format("{}x{}x{}x{}", batch, size_.height, size_.width,
                                 channel_count > 0 ? channel_count : channels()),
            .dtype = name_of(model_.dtype()),
            .model = model_.name()};
  }

  // The first run, node by node, which knows flop and bytes.
  static void warm_up(BenchLine& line, Plan& plan, double begin) {
    for (const NodeProfile& n : plan.profile()) line.flop += n.flop, line.bytes += n.bytes;
    line.first_seconds = wall_seconds() - begin;
  }
  void run(BenchLine& line, const std::function<void()>& work) {
    measure(line, options_.repeat, [&] { return timed(work); });
    visit_(line);
  }

  Device& device_;
  const ProgramOptions& options_;
  const std::function<void(const BenchLine&)>& visit_;
  StableDiffusion model_;
  TextCache text_;
  LatentSize size_;
};

}  // namespace

void measure_programs(Device& device, const ProgramOptions& options, DType type,
                      const std::function<void(const BenchLine&)>& visit) {
  Programs programs(device, options, type, visit);
  programs.unet();
  programs.training();
  programs.vae();
}

}  // namespace lacuna
