#include "jobs/erase/other_ways.h"

#include "erase/concept/ways.h"
#include "erase/seeds.h"
#include "jobs/draw/draw.h"
#include "jobs/erase/auto_verdict.h"
#include "jobs/eval/checked_images.h"
#include "judge/evaluation.h"

namespace lacuna {
namespace {

// Ways in which the words are the usual ones, and what the images are drawn with instead.
struct Setting {
  const char* way;
  void (*change)(GenerateOptions&);
};
constexpr Setting settings[] = {
    {"with another sampler", [](GenerateOptions& o) { o.sampler = "euler_a", o.steps = 12; }},
    {"in more steps", [](GenerateOptions& o) { o.steps = 20; }},
    {"with guidance 2", [](GenerateOptions& o) { o.guidance = 2; }},
    {"with guidance 10", [](GenerateOptions& o) { o.guidance = 10; }}};
constexpr const char* negative_way = "by a negative prompt alone";

class Asker {
 public:
  Asker(StableDiffusion& model, EditedModel& edited, uint64_t seed, Progress& progress)
      : model_(model), edited_(edited), seed_(seed), progress_(progress) {}

  void ask(const std::string& way, const std::string& prompt, const std::string& negative,
           const Target& target) {
    // Each image has a seed of its own, whatever else is drawn.
    waiting_.push_back({way, {prompt, negative, mix(seed_, 97 + asked_++)}, target});
  }

  void draw(const GenerateOptions& options) {
    Drawer drawer(model_, options, 8, progress_);
    std::vector<ImageRequest> requests;
    for (const Asked& a : waiting_) requests.push_back(a.request);
    progress_.restart("asking another way", drawer.steps(requests.size()));
    drawer.draw(
        requests,
        [&](size_t i, Generated&& g) {
          const Asked& a = waiting_[i];
          AskedAgain& row = row_of(a.way);
          row.rate.asked++;
          if (!a.target.shown_in(checker::look(g.image))) return;
          row.rate.right++;
          row.example = a.request.prompt.empty() ? "not " + a.request.negative : a.request.prompt;
        },
        &edited_);
    waiting_.clear();
  }

  std::vector<AskedAgain> rows() { return std::move(rows_); }

 private:
  struct Asked {
    std::string way;
    ImageRequest request;
    Target target;
  };

  AskedAgain& row_of(const std::string& way) {
    for (AskedAgain& r : rows_)
      if (r.way == way) return r;
    return rows_.emplace_back(AskedAgain{way, {}, {}});
  }

  StableDiffusion& model_;
  EditedModel& edited_;
  uint64_t seed_, asked_ = 0;
  Progress& progress_;
  std::vector<Asked> waiting_;
  std::vector<AskedAgain> rows_;
};

}  // namespace

std::vector<AskedAgain> ask_another_way(StableDiffusion& model, EditedModel& edited,
                                        const std::vector<Decisions>& decisions, LatentSize size,
                                        int64_t images, uint64_t seed, Progress& progress) {
  if (images == 0 || !checker_knows_images_of(model)) return {};
  const auto count = static_cast<size_t>(images);
  Asker asker(model, edited, seed, progress);
  const GenerateOptions usual = verdict_drawing(model, size);
  const auto each = [&](const auto& use) {
    for (size_t i = 0; i < decisions.size(); i++)
      if (const auto target = Target::of_concept(decisions[i].words)) use(i, decisions[i], *target);
  };
  each([&](size_t i, const Decisions& d, const Target& target) {
    for (const Way way : all_ways())
      // Behind those that the rule has looked at (AutoRun).
      for (const AskedPhrasing& p : asked(way, Use::measure, d, others_of(decisions, i), 2, count))
        asker.ask(std::string(word_of(way)), p.phrasing.text(), "", target);
    for (size_t n = 0; n < count; n++)
      asker.ask(negative_way, "", d.anchor().words.empty() ? "nothing" : d.anchor().words, target);
  });
  asker.draw(usual);
  for (const Setting& setting : settings) {
    each([&](size_t, const Decisions& d, const Target& target) {
      const std::vector<Phrasing>& measured = d.anchor().measured;
      for (size_t n = 0; n < count && !measured.empty(); n++)
        asker.ask(setting.way, measured[(measured.size() - 1 - n) % measured.size()].text(), "",
                  target);
    });
    GenerateOptions changed = usual;
    setting.change(changed);
    asker.draw(changed);
  }
  return asker.rows();
}

}  // namespace lacuna
