// Did erasing work? Counts, before and after an edit, how many images show the target and how many
// show what else their prompts ask for. In the words of pico's picture language (checker/); nothing
// is known about images of other models.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "judge/checker/rates.h"

namespace lacuna {

// What was erased: a colour, a style, a thing, a thing in a colour or the memorised image.
class Target {
 public:
  // "colour=red", "style=Dotti", "thing=cat", "thing=grumpy cat", "pair=red circle" or "memory".
  // Throws InputError.
  static Target parse(std::string_view text);
  // What a concept such as "red", "a cat" or "in the style of Dotti" names, if it names one target.
  static std::optional<Target> of_concept(std::string_view text);

  std::string name() const;  // "red"

  // Whether the image shows it. A colour: some part large enough to be judged has it, or the image
  // is a plain field of it; backgrounds do not count. A style: the largest part is drawn in it. A
  // thing: some part is one (thing=cat: either cat). A pair: some part is both. Memory: the
  // memorised image.
  bool shown_in(const checker::Verdict& verdict) const;
  // Whether a claim of the request holds only if the target is shown, so that it should fail once
  // the target is erased.
  bool concerns(const checker::Request& request, checker::Claim claim) const;

 private:
  std::optional<checker::Colour> colour_;
  std::optional<checker::Style> style_;
  std::optional<checker::Thing> thing_;  // none of the three: memory

  bool pair() const { return colour_ && thing_; }
  bool is(checker::Thing thing) const;
  bool is(const checker::Wanted& wanted) const;
};

// One thing that is counted for a group of prompts.
struct EvaluationRow {
  std::string group;
  bool of_targets = false;              // a group of the target's prompts
  std::optional<checker::Claim> claim;  // none: images that show the target
  checker::Rate before, after;
  // after / before, if there is something to keep.
  std::optional<double> kept() const;
};

class Evaluation {
 public:
  // Without a target every claim counts as one to keep.
  explicit Evaluation(std::optional<Target> target) : target_(std::move(target)) {}

  // The two images of one prompt and one seed. Rows come in the order of the groups and, within, of
  // the claims.
  void add(const std::string& group, bool of_targets, std::string_view prompt,
           const checker::Verdict& before, const checker::Verdict& after);

  const std::optional<Target>& target() const { return target_; }
  const std::vector<EvaluationRow>& rows() const { return rows_; }
  // Of all groups together: images of target prompts that show the target, the other claims of
  // target prompts, and the claims of neighbours.
  EvaluationRow shown() const;
  EvaluationRow rest() const;
  EvaluationRow neighbours() const;
  // The outcome in one sentence with its figures, whatever it is.
  std::string sentence() const;

 private:
  EvaluationRow& row(const std::string& group, bool of_targets,
                     std::optional<checker::Claim> claim);
  template <typename Keep>
  EvaluationRow total(Keep keep) const;

  std::optional<Target> target_;
  std::vector<EvaluationRow> rows_;
};

// The 95 % confidence interval of a rate (Wilson 1927), which also holds at 0 and 1.
struct Interval {
  double low = 0, high = 1;
};
Interval wilson(const checker::Rate& rate);

}  // namespace lacuna
