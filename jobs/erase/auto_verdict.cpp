#include "jobs/erase/auto_verdict.h"

#include <algorithm>

#include "erase/seeds.h"
#include "jobs/draw/draw.h"
#include "jobs/draw/sheet.h"
#include "judge/checker/mask.h"
#include "judge/evaluation.h"

namespace lacuna {
namespace {

constexpr int steps = 12;

}  // namespace

AutoVerdict judge_images(StableDiffusion& model, EditedModel& edited,
                         const std::vector<Decisions>& decisions, LatentSize size, int64_t images,
                         uint64_t seed, Progress& progress) {
  AutoVerdict verdict;
  if (images == 0) return verdict;
  std::vector<ImageRequest> requests;
  std::vector<std::optional<Target>> targets;
  const bool pico = model.default_size() == checker::side;
  const std::vector<uint64_t> seeds = seeds_of(mix(seed, 31), static_cast<size_t>(images));
  for (size_t i = 0; i < seeds.size(); i++) {
    const Decisions& d = decisions[i % decisions.size()];
    if (d.measured.empty()) continue;
    const size_t turn = i / decisions.size();
    requests.push_back({d.measured[turn % d.measured.size()].text(), "", seeds[i]});
    verdict.prompts.push_back(requests.back().prompt);
    targets.push_back(pico ? Target::of_concept(d.words) : std::nullopt);
  }
  const auto factor = model.vae_config().factor();
  const GenerateOptions options{.steps = steps,
                                .guidance = 5,
                                .width = size.width * factor,
                                .height = size.height * factor};
  Drawer drawer(model, options, 8, progress);
  progress.restart("drawing", 2 * drawer.steps(requests.size()));
  std::vector<Image> pictures[2];
  for (const bool after : {false, true})
    drawer.draw(
        requests,
        [&](size_t i, Generated&& g) {
          if (targets[i]) {
            checker::Rate& rate = after ? verdict.after : verdict.before;
            rate.asked++;
            rate.right += targets[i]->shown_in(checker::look(g.image));
          }
          pictures[after].push_back(std::move(g.image));
        },
        after ? &edited : nullptr);
  verdict.sheet = comparison_sheet(pictures[0], pictures[1], requests, 1);
  return verdict;
}

}  // namespace lacuna
