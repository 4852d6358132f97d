#include "jobs/erase/training_run.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/options/fields.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "jobs/erase/erase_output.h"
#include "jobs/interrupt.h"
#include "jobs/profile.h"
#include "jobs/prompts.h"
#include "jobs/table.h"

namespace lacuna {
namespace {

TrainingOptions checked(TrainingOptions o) {
  if (!o.plan_only) check_edit_output(o.out, o.resume || o.force);
  if (o.run.empty()) o.run = run_folder_of(o.out).string();
  return o;
}

}  // namespace

void TrainingOptions::describe(Fields& f) {
  f.group(group::weights);
  f.add("rank", rank, "N", "Train a LoRA of this rank instead of the weights themselves")
      .range(0, 4096, "1 to 128 are usual, 0 trains the weights themselves")
      .usually("");
  train.describe(f);
  f.group(group::output);
  f.add("out", out, "FILE", "The file of the edit");
  f.add("save-type", save_type, edit_types(), "How the edit stores its numbers");
  f.add("run", run, "DIR", "Folder of the log, the loss curve and the state").usually("OUT.run");
  f.add("resume", resume, "Resume the run in the folder");
  f.add("force", force, "Replace an edit and a run that exist");
  f.add("plan-only", plan_only, "Print the memory that a run needs, and stop");
  f.add("json", json, "Report events as JSON, one object a line");
  f.add("profile", profile, "After the run, measure an iteration and each of its ops");
  f.group(group::model);
  f.add("size", size, "WxH", "Size of the pictures in pixels")
      .usually("what the model was trained for");
  common.describe(f);
}

void TrainingOptions::resolve(const Fields& fields, double usual_rate) {
  fields["lr"].suppose(train.learning_rate, usual_rate);
  if (json && profile)
    throw InputError("[train] {} prints a table, which does not go with {}; leave one out",
                     option("profile"), option("json"));
  train.check();
}

void TrainingOptions::default_to_adamw(const Fields& fields) {
  fields["optimizer"].suppose(train.decoupled, true);
  fields["weight-decay"].suppose(train.weight_decay, 0.01);
}

std::vector<std::string> prompts_of(const std::string& file) {
  std::vector<std::string> prompts;
  add_prompts(prompts, file);
  if (!file.empty() && prompts.empty()) throw InputError("[erase] {} holds no prompt", file);
  return prompts;
}

TrainingRun::TrainingRun(TrainingOptions options)
    : begin_(wall_seconds()),
      cpu_begin_(cpu_seconds()),
      o_(checked(std::move(options))),
      type_(o_.save_type),
      device_(Device::open({.selector = o_.common.device, .count_only = o_.plan_only})),
      model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
      text_(model_.text_predictor()),
      folder_(o_.run),
      progress_("erasing", o_.train.iterations, o_.json, o_.observer) {
  const auto [width, height] = size_or_default(o_.size, model_);
  size_ = model_.latent_size(width, height);
  if (o_.plan_only) return;
  unet_hash_ = fingerprint(model_.unet_weights().file());
  text_hash_ = fingerprint(model_.text_weights().file());
}

std::pair<int, int> TrainingRun::pixels() const {
  const auto factor = model_.vae_config().factor();
  return {static_cast<int>(size_.width * factor), static_cast<int>(size_.height * factor)};
}

Trainables TrainingRun::trainables(ModelPart part, uint64_t seed, std::span<const int32_t> rows) {
  const WeightStore& weights =
      part == ModelPart::text ? model_.text_weights() : model_.unet_weights();
  const std::vector<std::string> names = select(parameters_of(part, weights.file()), o_.params);
  return Trainables(*device_, weights, names, o_.rank, seed, part, rows);
}

void TrainingRun::announce(const TrainingTask& task, const OptionTexts& all) {
  if (o_.json) return;
  const Trainables& t = task.trainables;
  progress_.say(fmt::format("{} {}{} ({} tensors, {} numbers{}) in {} on {}", model_.name(),
                            t.part() == ModelPart::text ? "text encoder " : "", all.at("params"),
                            t.tensors(), with_commas(t.scalars()),
                            o_.rank > 0 ? fmt::format(", LoRA of rank {}", o_.rank) : "",
                            name_of(model_.dtype()), device_->info().name));
  progress_.say(task.method.sentence());
  for (const std::string& note : task.notes) progress_.say(note);
}

void TrainingRun::train(const TrainingTask& task) {
  const OptionTexts identity = {{edit_key::base_hash, unet_hash_},
                                {edit_key::text_hash, text_hash_},
                                {"params", o_.params},
                                {"rank", std::to_string(o_.rank)},
                                {"precision", name_of(model_.dtype())}};
  announce(task, identity);
  if (o_.plan_only) {
    task.method.reserve();
    const Trainer trainer(*device_, task.method, task.trainables, o_.train);
    progress_.finish();
    report_memory_plan(*device_, model_, task.trainables, trainer.placement(), o_.json);
    return;
  }
  RunFolder folder(folder_, o_.resume, o_.force);
  const auto tell = [&](const std::string& phase, int64_t done, int64_t total) {
    progress_.restart(phase, total);
    const auto& losses = folder.losses();
    progress_.update(done, losses.empty() ? "" : fmt::format("loss {:.4g}", losses.back().loss));
    if (o_.observer && phase == training_phase) o_.observer->look(*this, task, done, losses);
    return goes_on(o_.observer);
  };
  const Milestones milestones = {task.milestone_every, [&](int64_t iterations) {
                                   return task.at_milestone(iterations, folder);
                                 }};
  progress_.event(
      {{"event", "start"}, {"sentence", task.method.sentence()}, {"run", display(folder_)}});
  int64_t iterations = 0;
  try {
    iterations = lacuna::train(*device_, task.method, task.trainables, o_.train, identity, folder,
                               tell, milestones);
  } catch (const Stopped&) {
    progress_.finish();
    progress_.say(
        fmt::format("the state is in {}; continue with {}", display(folder_), option("resume")));
    throw Interrupted{};
  }
  progress_.finish();
  write(o_.out, task);
  folder.draw_losses(
      fmt::format("{}: {}", task.method.name(), task.method.options().at("concept")));
  report(task, iterations);
  if (!o_.profile) return;
  Trainer trainer(*device_, task.method, task.trainables, o_.train);
  print_training_profile(model_, text_, trainer, task.method, size_);
}

void TrainingRun::write(const std::filesystem::path& edit, const TrainingTask& task,
                        const OptionTexts& more) {
  OptionTexts all = task.method.options();
  all.merge(o_.train.texts());
  all.merge(arithmetic_texts(device_->traits().arithmetic));
  all["params"] = o_.params;
  all["rank"] = std::to_string(o_.rank);
  for (const auto& [key, value] : task.about) all[key] = value;
  for (const auto& [key, value] : more) all[key] = value;
  TensorFile::Metadata metadata = edit_metadata(task.method.name(), unet_hash_, model_.name(), all);
  metadata[edit_key::text_hash] = text_hash_;
  write_edit(edit, task.trainables, type_, metadata);
}

void TrainingRun::report(const TrainingTask& task, int64_t iterations) {
  const int64_t sampling = task.method.evaluations() +
                           task.method.target_evaluations() * iterations * o_.train.accumulate;
  const double training =
      task.evaluations_per_entry *
      static_cast<double>(iterations * task.method.batch() * o_.train.accumulate);
  const double ours = static_cast<double>(sampling) + training;
  const double seconds = wall_seconds() - begin_, cpu = cpu_seconds() - cpu_begin_;
  progress_.say(fmt::format("{}  {} tensors", display(o_.out), task.trainables.tensors()));
  progress_.say(fmt::format("{}  log, loss curve and state", display(folder_)));
  std::string count = fmt::format(
      "{} UNet evaluations ({} sampling, {} training with backward as two)",
      with_commas(std::llround(ours)), with_commas(sampling), with_commas(std::llround(training)));
  nlohmann::json event = {{"event", "done"}, {"edit", display(o_.out)}, {"unet_evaluations", ours}};
  if (task.published_evaluations) {
    const double published = task.published_evaluations(iterations);
    count += fmt::format(", {:.0f} % of the published loop's {} for as many examples",
                         100 * ours / published, with_commas(std::llround(published)));
    event["published_unet_evaluations"] = published;
  }
  event.update({{"iterations", iterations},
                {"seconds", seconds},
                {"cpu_seconds", cpu},
                {"peak_bytes", device_->peak_bytes()}});
  progress_.say(count);
  progress_.say(fmt::format("{:.1f} s ({:.1f} CPU s), at most {:.1f} MiB on the device", seconds,
                            cpu, device_->peak_bytes() / 1048576.0));
  progress_.event(event);
}

}  // namespace lacuna
