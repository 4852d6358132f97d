// Which anchor pictures are copies of the memorised one, and what follows for their prompts.
#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "erase/closed/similarity.h"
#include "erase/methods/ablate.h"

namespace lacuna {
namespace {

// Of a prompt's pictures, the share of copies up to which it is an anchor, and from which on it is
// one more caption of the memorised picture; what lies between is neither.
constexpr double most_of_anchor = 0.3, least_of_target = 0.6;

}  // namespace

// Pictures that are copies of the memorised one teach nothing, prompts that mostly draw it are no
// anchors, and those that nearly always do are targets, too.
void Ablate::filter_memorized(const ProgressCallback& progress) {
  const AblateOptions& o = options_;
  std::vector<double> scores;
  if (o.scores.empty()) {
    for (const Anchor& a : anchors_) scores.push_back(correlation(a.image, *o.memorized));
  } else {
    const std::filesystem::path folder = o.anchors.folder / "pictures";
    make_folder(folder);
    for (size_t i = 0; i < anchors_.size(); i++) {
      if (!progress("pictures to score", static_cast<int64_t>(i),
                    static_cast<int64_t>(anchors_.size())))
        throw Stopped{};
      write_file(folder / fmt::format("{:05}.png", i), encode_png(anchors_[i].image),
                 Overwrite::yes);
    }
    if (!std::filesystem::exists(o.scores))
      throw InputError(
          "[ablate] the {} anchor pictures are in {}: score each against the memorised one, write "
          "lines \"picture,score\" below a header into {}, and run again with {}",
          anchors_.size(), display(folder), display(o.scores), option("force"));
    scores = read_scores(o.scores, anchors_.size());
  }
  std::vector<double> drawn(o.pairs.size()), copies(o.pairs.size());
  for (size_t i = 0; i < anchors_.size(); i++) {
    drawn[anchors_[i].prompt] += 1;
    copies[anchors_[i].prompt] += scores[i] > o.most_similar ? 1 : 0;
  }
  std::vector<std::string> more;
  for (size_t p = 0; p < drawn.size(); p++)
    if (drawn[p] > 0 && copies[p] >= least_of_target * drawn[p]) more.push_back(o.pairs[p].anchor);
  for (CaptionPair& p : options_.pairs) p.targets.insert(p.targets.end(), more.begin(), more.end());
  std::vector<Anchor> kept;
  for (size_t i = 0; i < anchors_.size(); i++) {
    const size_t p = anchors_[i].prompt;
    if (scores[i] <= o.most_similar && copies[p] <= most_of_anchor * drawn[p])
      kept.push_back(std::move(anchors_[i]));
  }
  if (kept.empty())
    throw InputError(
        "[ablate] none of the {} anchor pictures differs enough from the memorised one; give "
        "prompts with {} that draw something else",
        scores.size(), option("anchors"));
  anchors_ = std::move(kept);
}

}  // namespace lacuna
