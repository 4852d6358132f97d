#include "jobs/erase/auto_training.h"

#include "base/error.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/selection.h"
#include "jobs/erase/erase_output.h"
#include "jobs/erase/esd_training.h"

namespace lacuna {
namespace {

constexpr const char* trained_set = "x";  // cross-attention, which the closed form begins with
// Evaluations before the first update, and of one update with backward as two.
int64_t sampling(const EsdOptions& o) {
  return o.trajectories * o.steps * 3 + o.retain_trajectories * o.retain_steps * 2;
}
int64_t update(const EsdOptions& o) { return 3 * (o.batch + o.retain_batch); }

std::string hash_of(const std::vector<Trainables::Export>& tensors) {
  std::string bytes;
  for (const auto& t : tensors)
    bytes.append(reinterpret_cast<const char*>(t.values.data()), t.values.size() * sizeof(float));
  return fingerprint(std::string_view(bytes));
}

}  // namespace

AutoTraining::AutoTraining(Device& device, StableDiffusion& model, TextCache& text, LatentSize size,
                           const AutoOptions& options)
    : device_(device), model_(model), text_(text), o_(options), esd_(esd_of_found_lists()) {
  esd_.concepts = o_.concepts;
  esd_.goal = EsdGoal::anchor;
  esd_.size = size;
  esd_.seed = o_.seed;
  esd_.cache = o_.run_folder() / "trajectories";
}

void AutoTraining::learn(const std::vector<Phrasing>& learned,
                         const std::vector<std::string>& kept) {
  take_lists(esd_, learned, kept);
  if (esd_.retain.empty()) esd_.retain.push_back("");
}

Trainables AutoTraining::trainables() const {
  const WeightStore& weights = model_.unet_weights();
  const std::vector<std::string> names =
      select(parameters_of(ModelPart::unet, weights.file()), trained_set);
  return Trainables(device_, weights, names, 0, esd_.seed);
}

void AutoTraining::plan(bool json) {
  std::vector<Phrasing> learned;
  for (const std::string& c : o_.concepts) learned.push_back({"", c, "", ""});
  learn(learned, {""});
  Trainables all = trainables();
  Esd method(device_, model_, text_, all, esd_, "");
  method.reserve();
  const Trainer trainer(device_, method, all, {});
  report_memory_plan(device_, model_, all, trainer.placement(), json);
}

int64_t AutoTraining::updates_for(int64_t evaluations) const {
  return std::max<int64_t>(0, evaluations - sampling(esd_)) / update(esd_) / between_measurements *
         between_measurements;
}

int64_t AutoTraining::run(const std::vector<Trainables::Export>& from,
                          const std::string& model_hash, int64_t updates,
                          const ProgressCallback& progress, const StageMilestone& milestone) {
  Trainables all = trainables();
  const double learning_rate = relative_change * all.rms();
  all.begin_from(from);
  Esd method(device_, model_, text_, all, esd_, model_hash);
  const int64_t done =
      train_stage(device_, method, all,
                  {.updates = updates,
                   .learning_rate = learning_rate,
                   .between_measurements = between_measurements,
                   .identity = {{edit_key::base_hash, model_hash},
                                {"begin", hash_of(from)},
                                {"params", trained_set},
                                {"precision", name_of(model_.dtype())}}},
                  RunFolder(o_.run_folder(), o_.resume, o_.force), o_, progress, milestone);
  return done * update(esd_);
}

}  // namespace lacuna
