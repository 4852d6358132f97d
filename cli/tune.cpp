// The shapes are the model's own: plans of everything that a run would use are compiled on a device
// that only counts, and what asked for a choice on the way is then timed alone.
#include "cli/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/parameters.h"
#include "cli/tune_time.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "engine/ops.h"
#include "erase/selection.h"
#include "erase/trainables.h"

namespace lacuna {
namespace {

struct Options {
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
  const UNetInputs in(g, model.unet_config(), examples, size, model.tokenizer().context());
  const Tensor predicted = in.predict(model.unet(), model.dtype());
  trainables.add_gradients(g, mse(predicted, g.input("target", predicted.shape())).total, 1);
  const Plan plan(device, g);
}

Tuning::Seen shapes_of(const Options& o) {
  Tuning watched;
  Tuning::Seen seen;
  watched.watch(&seen);
  const auto device =
      Device::open({.selector = o.common.device, .table = &watched, .count_only = true});
  StableDiffusion model(*device, o.common.model_folder(), parse_precision(o.common.precision));
  const auto [width, height] = size_or_default(o.size, model);
  const LatentSize size = model.latent_size(width, height);
  model.text_plan();
  model.predictor().plan(2 * o.batch, size);  // with and without the prompt
  model.predictor().release();
  model.decoder_plan(size);
  if (o.examples > 0) {
    const std::vector<std::string> names = select(parameters_of(model.unet_weights().file()), "x");
    compile_training(*device, model, Trainables(*device, model.unet_weights(), names, 0, 0),
                     o.examples, size);
  }
  std::erase_if(seen, [](const auto& entry) { return entry.second.codes.size() < 2; });
  return seen;
}

struct Candidate {
  std::string key;
  TunableNode node;
  double usual = 0;  // seconds with the first code
};

// One shape: the best code where it gains enough, else the first.
struct Choice {
  uint32_t code;
  double seconds;
};
Choice best_of(Device& device, const Candidate& c) {
  Choice best{c.node.codes.front(), c.usual};
  for (const uint32_t code : c.node.codes) {
    if (interrupted()) throw Interrupted{};
    if (code == c.node.codes.front()) continue;
    const double seconds = seconds_of(device, c.node, c.key, code);
    if (seconds < best.seconds && seconds < c.usual * (1 - least_gain)) best = {code, seconds};
  }
  return best;
}

void tune(const Options& o) {
  if (o.batch < 1 || o.batch > 1024 || o.examples < 0 || o.examples > 1024)
    throw InputError("[tune] --batch lies between 1 and 1024, --examples between 0 and 1024");
  if (!(o.seconds > 0)) throw InputError("[tune] --seconds {} is out of range", o.seconds);
  const double begin = wall_seconds();
  const Tuning::Seen seen = shapes_of(o);
  const auto device = Device::open({.selector = o.common.device, .pipeline_cache = false});
  if (device->tuning_file().empty())
    throw InputError("[tune] there is no folder to keep the result in; set XDG_CACHE_HOME");
  Tuning table = o.reset ? Tuning{} : Tuning::load(device->tuning_file());

  std::vector<Candidate> candidates;
  for (const auto& [key, node] : seen) {
    if (interrupted()) throw Interrupted{};
    candidates.push_back({key, node, seconds_of(*device, node, key, node.codes.front())});
  }
  const auto cost = [](const Candidate& c) { return c.usual * static_cast<double>(c.node.count); };
  std::sort(candidates.begin(), candidates.end(),
            [&](const Candidate& a, const Candidate& b) { return cost(a) > cost(b); });
  if (!o.json)
    fmt::print("{}: {} shapes\n{:<56} {:>9} {:>9}\n", device->info().name, candidates.size(),
               "slowest first", "usual ms", "best ms");
  double before = 0, after = 0;
  size_t done = 0, changed = 0;
  for (const Candidate& c : candidates) {
    if (wall_seconds() - begin > o.seconds) break;
    const Choice best = best_of(*device, c);
    table.set(c.key, best.code);
    done++;
    changed += best.code != c.node.codes.front();
    before += cost(c);
    after += best.seconds * static_cast<double>(c.node.count);
    if (o.json)
      fmt::print("{}\n", nlohmann::json{{"shape", c.key},
                                        {"usual_seconds", c.usual},
                                        {"seconds", best.seconds},
                                        {"code", best.code}}
                             .dump());
    else if (best.code != c.node.codes.front())
      fmt::print("{:<56} {:>9.3f} {:>9.3f}\n", c.key, c.usual * 1e3, best.seconds * 1e3);
    std::fflush(stdout);
  }
  table.save(device->tuning_file());
  if (o.json) return;
  fmt::print(
      "{} of {} shapes run another variant from now on: {:.1f} % less time in these kernels\n",
      changed, done, before > 0 ? 100 * (1 - after / before) : 0);
  if (done < candidates.size())
    fmt::print("{} shapes were not reached in {:g} s; --seconds takes more\n",
               candidates.size() - done, o.seconds);
  fmt::print("{}  used by every run on this device\n", display(device->tuning_file()));
}

}  // namespace

void add_tune(CLI::App& app) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("tune", "Find the fastest kernels for this device and model");
  c->add_option("--batch", o->batch, "Pictures drawn at the same time")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--examples", o->examples, "Examples of a training iteration; 0: no training")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--size", o->size,
                "Width and height in pixels (default: what the model was trained for)")
      ->type_name("WxH");
  c->add_option("--seconds", o->seconds, "Stop after this time with what is known by then")
      ->capture_default_str()
      ->type_name("S");
  c->add_flag("--reset", o->reset, "Forget what was measured before");
  o->common.add_to(*c);
  c->add_flag("--json", o->json, "One JSON object a line");
  c->footer(
      "Every shape that the model has is timed with every variant of its kernel, the costly "
      "shapes\n"
      "first. The choices lie beside the pipeline cache and hold for this device and driver. They\n"
      "change the speed and no bit of any result.");
  c->callback([o] { tune(*o); });
}

}  // namespace lacuna
