#include "jobs/erase/auto_verdict.h"

#include <algorithm>

#include "erase/seeds.h"
#include "jobs/draw/draw.h"
#include "jobs/draw/sheet.h"
#include "jobs/eval/checked_images.h"
#include "judge/evaluation.h"

namespace lacuna {
namespace {

class Judge {
 public:
  Judge(StableDiffusion& model, EditedModel& edited, const std::vector<Decisions>& decisions,
        LatentSize size, Progress& progress)
      : model_(model),
        edited_(edited),
        decisions_(decisions),
        progress_(progress),
        options_(verdict_drawing(model, size)) {}

  // Images number `begin` to `begin + seeds.size()`, in turn for all concepts.
  void draw(std::span<const uint64_t> seeds, size_t begin) {
    std::vector<ImageRequest> requests;
    std::vector<std::optional<Target>> targets;
    const bool judged = checker_knows_images_of(model_);
    for (size_t i = 0; i < seeds.size(); i++) {
      const Decisions& d = decisions_[(begin + i) % decisions_.size()];
      const size_t turn = (begin + i) / decisions_.size();
      const std::vector<Phrasing>& measured = d.anchor().measured;
      if (measured.empty()) continue;
      requests.push_back({measured[turn % measured.size()].text(), "", seeds[i]});
      targets.push_back(judged ? Target::of_concept(d.words) : std::nullopt);
    }
    Drawer drawer(model_, options_, 8, progress_);
    progress_.restart("drawing", 2 * drawer.steps(requests.size()));
    for (const bool after : {false, true})
      drawer.draw(
          requests,
          [&](size_t i, Generated&& g) {
            if (targets[i]) {
              checker::Rate& rate = after ? verdict_.after : verdict_.before;
              rate.asked++;
              rate.right += targets[i]->shown_in(checker::look(g.image));
            }
            images_[after].push_back(std::move(g.image));
          },
          after ? &edited_ : nullptr);
    requests_.insert(requests_.end(), requests.begin(), requests.end());
  }

  const checker::Rate& after() const { return verdict_.after; }

  AutoVerdict verdict() {
    verdict_.sheet = comparison_sheet(images_[0], images_[1], requests_, 1);
    return std::move(verdict_);
  }

 private:
  StableDiffusion& model_;
  EditedModel& edited_;
  const std::vector<Decisions>& decisions_;
  Progress& progress_;
  GenerateOptions options_;
  AutoVerdict verdict_;
  std::vector<Image> images_[2];
  std::vector<ImageRequest> requests_;
};

}  // namespace

GenerateOptions verdict_drawing(const StableDiffusion& model, LatentSize size) {
  return {.sampler = "dpmpp_2m",
          .steps = 8,
          .guidance = 5,
          .width = size.width * model.vae_config().factor(),
          .height = size.height * model.vae_config().factor()};
}

AutoVerdict judge_images(StableDiffusion& model, EditedModel& edited,
                         const std::vector<Decisions>& decisions, LatentSize size, int64_t images,
                         uint64_t seed, Progress& progress) {
  if (images == 0) return {};
  const auto count = static_cast<size_t>(images);
  const std::vector<uint64_t> seeds = seeds_of(mix(seed, 31), 2 * count);
  Judge judge(model, edited, decisions, size, progress);
  judge.draw(std::span(seeds).first(count), 0);
  const int shown = judge.after().right;
  if (shown > 0 && 4 * shown <= judge.after().asked)
    judge.draw(std::span(seeds).last(count), count);
  return judge.verdict();
}

}  // namespace lacuna
