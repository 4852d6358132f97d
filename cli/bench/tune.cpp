// The shapes are the model's own: plans of everything that a run would use are compiled on a device
// that only counts, and what asked for a choice on the way is then timed alone.

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "cli/bench/tune_time.h"
#include "cli/verbs.h"
#include "engine/ops.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "erase/trainables.h"
#include "jobs/draw/parameters.h"
#include "jobs/interrupt.h"
#include "jobs/model_options.h"

namespace lacuna {
namespace {

struct TuneOptions {
  ModelOptions common;
  std::string size;
  int64_t batch = 4, examples = 4;
  double seconds = 600;
  bool reset = false, json = false;
};

// What a choice must gain, so that noise does not write the table.
constexpr double least_gain = 0.03;

void compile_training(Device& device, const StableDiffusion& model, const Trainables& trainables,
                      int64_t examples, LatentSize size) {
  Graph g;
  trainables.replace(g);
  const Denoiser denoiser(model.unet(), model.dtype(), examples, size);
  const Tensor predicted = denoiser.predict(denoiser.in(g, model.tokenizer().context()));
  trainables.add_gradients(g, mse(predicted, g.input("target", predicted.shape())).total, 1);
  const Plan plan(device, g);
}

Tuning::Seen shapes_of(const TuneOptions& o) {
  Tuning watched;
  Tuning::Seen seen;
  watched.watch(&seen);
  const auto device =
      Device::open({.selector = o.common.device, .table = &watched, .count_only = true});
  StableDiffusion model(*device, o.common.model_path(), parse_precision(o.common.precision));
  const auto [width, height] = size_or_default(o.size, model);
  const LatentSize size = model.latent_size(width, height);
  model.text_plan();
  model.predictor().plan(2 * o.batch, size);  // with and without the prompt
  model.predictor().release();
  model.decoder_plan(size);
  if (o.examples > 0) {
    const std::vector<std::string> names =
        select(parameters_of(ModelPart::unet, model.unet_weights().file()), "x");
    compile_training(*device, model, Trainables(*device, model.unet_weights(), names, 0, 0),
                     o.examples, size);
  }
  std::erase_if(seen, [](const auto& entry) { return entry.second.codes.size() < 2; });
  return seen;
}

struct Choice {
  uint32_t code;
  double usual, seconds;  // with the first code, with this one
};

// The best code where it gains enough, else the first.
Choice best_of(Device& device, const std::string& key, const TunableNode& node) {
  const uint32_t first = node.codes.front();
  const double usual = seconds_of(device, node, key, first);
  Choice best{first, usual, usual};
  for (const uint32_t code : node.codes) {
    if (interrupted()) throw Interrupted{};
    if (code == first) continue;
    const double seconds = seconds_of(device, node, key, code);
    if (seconds < best.seconds) best = {code, usual, seconds};
  }
  if (best.code == first) return best;
  // Once more, as other work on the machine may have come and gone meanwhile.
  best.usual = std::min(usual, seconds_of(device, node, key, first));
  return best.seconds < best.usual * (1 - least_gain) ? best
                                                      : Choice{first, best.usual, best.usual};
}

void tune(const TuneOptions& o) {
  if (!(o.seconds > 0))
    throw InputError("[tune] {} {} is out of range; it is more than 0", option("seconds"),
                     o.seconds);
  const double begin = wall_seconds();
  const Tuning::Seen seen = shapes_of(o);
  const auto device =
      Device::open({.selector = o.common.device, .pipeline_cache = false, .tuning = false});
  if (device->tuning_file().empty())
    throw InputError("[tune] there is no folder to keep the result in; set XDG_CACHE_HOME");
  Tuning table = o.reset ? Tuning{} : Tuning::load(device->tuning_file());

  std::vector<std::pair<std::string, TunableNode>> shapes(seen.begin(), seen.end());
  const auto work = [](const TunableNode& n) { return n.flop * static_cast<double>(n.count); };
  std::stable_sort(shapes.begin(), shapes.end(),
                   [&](const auto& a, const auto& b) { return work(a.second) > work(b.second); });
  if (!o.json)
    fmt::print("{}: {} shapes, the most work first\n{:<68} usual ms  best ms\n",
               device->info().name, shapes.size(), "what will run otherwise");
  double before = 0, after = 0;
  size_t done = 0, changed = 0;
  for (const auto& [key, node] : shapes) {
    if (wall_seconds() - begin > o.seconds) break;
    const Choice best = best_of(*device, key, node);
    table.set(key, best.code);
    // After each shape: an interrupted run keeps what it knows.
    table.save(device->tuning_file());
    done++;
    changed += best.code != node.codes.front();
    before += best.usual * static_cast<double>(node.count);
    after += best.seconds * static_cast<double>(node.count);
    if (o.json)
      fmt::print("{}\n", nlohmann::json{{"shape", key},
                                        {"usual_seconds", best.usual},
                                        {"seconds", best.seconds},
                                        {"code", best.code}}
                             .dump());
    else if (best.code != node.codes.front())
      fmt::print("{:<68} {:>8.3f} {:>8.3f}\n", key, best.usual * 1e3, best.seconds * 1e3);
    std::fflush(stdout);
  }
  if (o.json) return;
  fmt::print(
      "{} of {} shapes run another variant from now on: {:.1f} % less time in these kernels\n",
      changed, done, before > 0 ? 100 * (1 - after / before) : 0);
  if (done < shapes.size())
    fmt::print("{} shapes were not reached in {:g} s; --seconds takes more\n", shapes.size() - done,
               o.seconds);
  fmt::print("{}  used by every run on this device\n", display(device->tuning_file()));
}

class Tune : public Verb {
 public:
  Tune() : Verb("tune", "Find the fastest kernels for this device and model") {
    Fields& f = fields;
    f.group("What to measure");
    f.add("batch", o_.batch, "N", "Pictures drawn at the same time")
        .range(1, 1024, "it lies between 1 and 1024");
    f.add("examples", o_.examples, "N", "Examples of a training iteration; 0: no training")
        .range(0, 1024, "it lies between 0 and 1024");
    f.add("size", o_.size, "WxH", "Width and height in pixels")
        .usually("what the model was trained for");
    f.group(group::strength);
    f.add("seconds", o_.seconds, "S", "Stop after this time, and keep what was measured by then");
    f.add("reset", o_.reset, "Forget what was measured before");
    f.group(group::output);
    f.add("json", o_.json, "Print one JSON object a line");
    o_.common.describe(f);
    notes_ =
        "Every shape that the model has is timed with every variant of its kernel, the\n"
        "costly shapes first. The choices lie beside the pipeline cache and hold for this\n"
        "device and driver. They change the speed and no bit of any result.";
  }
  void run() override { tune(o_); }

 private:
  TuneOptions o_;
};

}  // namespace

std::unique_ptr<Verb> tune_verb() { return std::make_unique<Tune>(); }

}  // namespace lacuna
