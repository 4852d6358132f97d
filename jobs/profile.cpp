#include "jobs/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>

#include "base/clock.h"

namespace lacuna {
namespace {

struct Sum {
  int count = 0;
  double seconds = 0, cpu = 0, flop = 0, bytes = 0;
};

std::string shortened(const std::string& text, size_t width) {
  return text.size() <= width ? text : "..." + text.substr(text.size() - width + 3);
}

void print_memory(const char* what, const Plan& plan) {
  const Placement& p = plan.placement();
  fmt::print(
      "{}: {} dispatches, {} barriers; {:.2f} MiB of tensors -> {:.2f} MiB arena (live peak {:.2f} "
      "MiB)\n",
      what, plan.dispatch_count(), plan.barrier_count(), p.tensor_bytes / 1048576.0,
      p.arena_bytes / 1048576.0, p.live_peak_bytes / 1048576.0);
}

void print_plan(const char* what, Plan& plan) {
  const std::vector<NodeProfile> nodes = plan.profile();
  std::map<std::string, Sum> by_op;
  Sum all;
  for (const NodeProfile& n : nodes)
    for (Sum* s : {&by_op[n.op], &all}) {
      s->count++;
      s->seconds += n.seconds;
      s->cpu += n.cpu_seconds;
      s->flop += n.flop;
      s->bytes += n.bytes;
    }
  std::vector<std::pair<std::string, Sum>> rows(by_op.begin(), by_op.end());
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return a.second.seconds > b.second.seconds; });
  rows.emplace_back("all", all);
  fmt::print("\n{}\n{:<16} {:>5} {:>9} {:>9} {:>6} {:>9} {:>8} {:>8}\n", what, "op", "count", "ms",
             "CPU ms", "share", "GFLOP/s", "GB/s", "per CPU");
  for (const auto& [op, s] : rows)
    fmt::print("{:<16} {:>5} {:>9.2f} {:>9.2f} {:>5.1f}% {:>9.2f} {:>8.2f} {:>8.2f}\n", op, s.count,
               s.seconds * 1e3, s.cpu * 1e3, 100 * s.seconds / all.seconds,
               s.flop / s.seconds * 1e-9, s.bytes / s.seconds * 1e-9,
               (s.flop > 0 ? s.flop : s.bytes) / s.cpu * 1e-9);
  std::vector<NodeProfile> slowest = nodes;
  std::sort(slowest.begin(), slowest.end(),
            [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  slowest.resize(std::min<size_t>(slowest.size(), 10));
  fmt::print("the slowest:\n");
  for (const NodeProfile& n : slowest)
    fmt::print("{:>8.2f} ms  {:<11} {:<28} {}\n", n.seconds * 1e3, n.op, shortened(n.scope, 28),
               n.shape);
  print_memory(what, plan);
}

void print_trace_of(const char* what, Plan& plan) {
  if (!plan.ready()) {
    fmt::print("\n{}: did not run\n", what);
    return;
  }
  fmt::print("\n{}\n{:<12} {:<24} {:>10} {:>10} {:>10} {:>6}\n", what, "op", "where", "min", "max",
             "mean", "NaN");
  for (const NodeTrace& n : plan.trace())
    fmt::print("{:<12} {:<24} {:>10.4g} {:>10.4g} {:>10.3g} {:>6}\n    {}\n", n.op,
               shortened(n.scope, 24), n.min, n.max, n.mean, n.not_finite, n.shape);
}

}  // namespace

void print_profile(StableDiffusion& model, EditedModel& edited, int64_t batch, LatentSize size) {
  print_plan("UNet", edited.predictor().plan(batch, size));
  print_plan("VAE decoder", model.decoder_plan(size));
}

void print_trace(StableDiffusion& model, EditedModel& edited, int64_t batch, LatentSize size) {
  print_trace_of("text encoder", edited.text_predictor().plan());
  print_trace_of("UNet", edited.predictor().plan(batch, size));
  print_trace_of("VAE decoder", model.decoder_plan(size));
}

void print_training_profile(StableDiffusion& model, TextCache& text, Trainer& trainer,
                            Method& method, LatentSize size) {
  const UNetConfig& c = model.unet_config();
  const std::vector<float> noise(static_cast<size_t>(c.out_channels * size.height * size.width), 1);
  const std::vector<DenoiserInput> batch(
      static_cast<size_t>(method.batch()),
      {noise, 500, text.conditioning(""), model.blank_canvas(size)});
  const auto median = [](const std::function<void()>& work) {
    std::vector<double> seconds;
    for (int i = 0; i < 8; i++) {
      const double begin = cpu_seconds();
      work();
      seconds.push_back(cpu_seconds() - begin);
    }
    std::sort(seconds.begin(), seconds.end());
    return seconds[seconds.size() / 2];
  };
  const double forward = median([&] { model.predictor()(batch, size); });
  const double iteration = median([&] { trainer.iterate(0, method); });
  fmt::print(
      "\nforward pass of {} examples {:.3f} CPU s, whole iteration {:.3f} CPU s: {:.2f} times\n",
      method.batch(), forward, iteration, iteration / forward);
  print_plan("training", trainer.gradient_plan());
}

}  // namespace lacuna
