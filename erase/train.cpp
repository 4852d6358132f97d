#include "erase/train.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/clock.h"
#include "base/error.h"
#include "base/options/fields.h"
#include "erase/groups.h"

namespace lacuna {
namespace {

Plan make_gradient_plan(Device& device, const Method& method, const Trainables& trainables,
                        const TrainOptions& o) {
  Graph g;
  g.recompute = o.recompute;
  trainables.replace(g);
  const Loss loss = method.loss(g);
  g.output("loss", loss.total);
  g.output("each", loss.each);
  trainables.add_gradients(g, loss.total, 1.0f / static_cast<float>(o.accumulate));
  return Plan(device, g);
}

Plan make_update_plan(Device& device, const Trainables& trainables, const TrainOptions& o) {
  Graph g;
  const Tensor step = g.input("step", {8});
  g.output("norm", trainables.update(g, step, o.decoupled));
  return Plan(device, g);
}

// Losses differ much from example to example, so growth is judged by means over many.
constexpr size_t window = 20;
constexpr double most_growth = 20;

std::optional<double> growth(const std::vector<LossRecord>& losses) {
  if (losses.size() < 2 * window) return {};
  double first = 0, last = 0;
  for (size_t i = 0; i < window; i++) {
    first += losses[i].loss;
    last += losses[losses.size() - 1 - i].loss;
  }
  return last / first;
}

}  // namespace

void TrainOptions::describe(Fields& f) {
  static constexpr Word optimizers[] = {{"adam", false}, {"adamw", true}};
  f.group(group::strength);
  f.add("iterations", iterations, "N", "How many updates")
      .range(1, 1e7, "200 to 1000 are usual")
      .from_model()
      .identity();
  f.add("lr", learning_rate, "X", "Learning rate")
      .range(1e-12, 1, "1e-6 to 1e-3 are usual")
      .from_model()
      .identity();
  f.add("schedule", decay, "How the learning rate changes over time").from_model().identity();
  f.add("warmup", warmup, "N", "Iterations in which the learning rate rises from 0")
      .range(0, 1e7, "10 to 100 are usual")
      .from_model()
      .identity();
  f.add("accumulate", accumulate, "N", "Batches whose gradients are added up for one update")
      .range(1, 1e4, "1 to 16 are usual")
      .from_model()
      .identity();
  f.add("optimizer", decoupled, optimizers, "Adam, or AdamW with decoupled weight decay")
      .from_model()
      .identity();
  f.add("weight-decay", weight_decay, "X", "Weight decay")
      .range(0, 1, "0 to 0.1 are usual")
      .from_model()
      .identity();
  f.add("clip", clip, "X", "Largest norm of the gradient; 0 does not limit it")
      .range(0, 1e9, "0 turns it off and 1 is usual")
      .from_model()
      .identity();
  f.group(group::output);
  f.add("save-every", save_every, "N", "Iterations between the states that a run can resume from")
      .range(1, 1e9, "10 to 500 are usual");
  f.group(group::model);
  f.add("recompute", recompute,
        "Save memory: compute activations again instead of keeping them, which costs one more "
        "forward pass")
      .identity();
}

void TrainOptions::check() const {
  fields_of(*this, "train").check();
  if (warmup > iterations)
    throw InputError("[train] {} {} is out of range; it lies between 0 and {}", option("warmup"),
                     warmup, option("iterations"));
}

OptionTexts TrainOptions::texts() const { return fields_of(*this).identity(); }

Trainer::Trainer(Device& device, const Method& method, const Trainables& trainables,
                 const TrainOptions& options)
    : options_(options),
      gradient_plan_(make_gradient_plan(device, method, trainables, options)),
      update_plan_(make_update_plan(device, trainables, options)) {}

Trainer::Result Trainer::iterate(int64_t iteration, const Method& method) {
  const TrainOptions& o = options_;
  Result result;
  for (int64_t k = 0; k < o.accumulate; k++) {
    const Batch batch = method.next(iteration * o.accumulate + k);
    result.used.insert(result.used.end(), batch.used.begin(), batch.used.end());
    batch.inputs.to(gradient_plan_);
    gradient_plan_.run();
    const double loss = gradient_plan_.get("loss")[0];
    if (!std::isfinite(loss))
      throw InputError(
          "[train] the loss of iteration {} is {}; the last saved state is kept: use a smaller {}, "
          "{} 1 or {} f32",
          iteration + 1, loss, option("lr"), option("clip"), option("precision"));
    result.loss += loss / static_cast<double>(o.accumulate);
    const auto parts = method.parts(gradient_plan_.get("each"));
    if (result.parts.empty())
      for (const auto& [name, value] : parts) result.parts.emplace_back(name, 0);
    for (size_t i = 0; i < parts.size(); i++)
      result.parts[i].second += parts[i].second / static_cast<double>(o.accumulate);
  }
  result.rate = o.learning_rate * rate_factor(o.decay, iteration, o.iterations, o.warmup);
  const AdamStep adam{result.rate, o.beta1, o.beta2, o.eps, o.weight_decay, o.clip};
  const std::array<float, 8> step = adam.numbers(iteration + 1, o.decoupled);
  update_plan_.set("step", std::span<const float>(step));
  update_plan_.run();
  result.norm = update_plan_.get("norm")[0];
  if (!std::isfinite(result.norm))
    throw InputError(
        "[train] the gradient of iteration {} is not finite; the last saved state is kept: use a "
        "smaller {} or {} f32",
        iteration + 1, option("lr"), option("precision"));
  return result;
}

int64_t train(Device& device, Method& method, Trainables& trainables, const TrainOptions& options,
              const OptionTexts& identity, RunFolder& folder, const ProgressCallback& progress,
              const Milestones& milestones) {
  OptionTexts all = identity;
  all.merge(arithmetic_texts(device.traits().arithmetic));
  all.merge(method.options());
  all.merge(options.texts());
  int64_t done = 0;
  if (folder.resumes()) {
    done = folder.load(trainables, all);
  } else {
    folder.log({{"event", "start"}, {"method", method.name()}, {"options", all}});
    folder.save(trainables, all, 0);
  }
  if (done >= options.iterations || folder.finished()) return done;
  method.prepare(progress);
  Trainer trainer(device, method, trainables, options);
  for (int64_t i = done; i < options.iterations; i++) {
    if (!progress(training_phase, i, options.iterations)) {
      folder.save(trainables, all, i);
      throw Stopped{};
    }
    const double begin = wall_seconds(), cpu = cpu_seconds();
    const Trainer::Result r = trainer.iterate(i, method);
    folder.add_loss({i + 1, r.loss});
    nlohmann::ordered_json event = {{"event", "iteration"}, {"iteration", i + 1}, {"loss", r.loss}};
    for (const auto& [name, value] : r.parts) event[name] = value;
    event["gradient_norm"] = r.norm;
    event["lr"] = r.rate;
    if (!r.used.empty()) {
      nlohmann::ordered_json examples = nlohmann::ordered_json::array(), weights = examples;
      for (const UsedExample& u : r.used) {
        examples.push_back({u.trajectory, u.step, u.role});
        weights.push_back(u.weight);
      }
      event["examples"] = std::move(examples);
      event["weights"] = std::move(weights);
    }
    event["seconds"] = wall_seconds() - begin;
    event["cpu_seconds"] = cpu_seconds() - cpu;
    folder.log(event);
    if (const auto factor = growth(folder.losses());
        method.bounded() && factor && *factor > most_growth)
      throw InputError(
          "[train] the loss has grown {:.0f}-fold by iteration {}; the state of the last save "
          "point is kept: use a smaller {}, {} or {} 1",
          *factor, i + 1, option("lr"), option("warmup"), option("clip"));
    const bool milestone = milestones.every > 0 && (i + 1) % milestones.every == 0;
    const bool finished = milestone && !milestones.reached(i + 1);
    if (finished || (i + 1) % options.save_every == 0 || i + 1 == options.iterations)
      folder.save(trainables, all, i + 1, finished);
    if (finished) return i + 1;
  }
  progress(training_phase, options.iterations, options.iterations);
  return options.iterations;
}

}  // namespace lacuna
