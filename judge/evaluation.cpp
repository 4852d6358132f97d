#include "judge/evaluation.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace lacuna {

using namespace checker;

namespace {

template <typename T, size_t n>
std::optional<T> named(const std::array<std::string_view, n>& names, std::string_view name) {
  for (size_t i = 0; i < n; i++)
    if (!names[i].empty() && lower_ascii(names[i]) == lower_ascii(name)) return static_cast<T>(i);
  return std::nullopt;
}

template <size_t n>
std::string list(const std::array<std::string_view, n>& names) {
  std::vector<std::string_view> named;
  for (std::string_view name : names)
    if (!name.empty()) named.push_back(name);
  return fmt::format("{}", fmt::join(named, ", "));
}

}  // namespace

Target Target::parse(std::string_view text) {
  Target target;
  if (text == "memory") return target;
  const size_t equals = text.find('=');
  const std::string_view kind = text.substr(0, equals);
  std::string_view name = equals == text.npos ? "" : text.substr(equals + 1);
  const auto found = [&](auto& member, const auto& names) {
    if (!(member =
              named<typename std::remove_reference_t<decltype(member)>::value_type>(names, name)))
      throw InputError("[target] '{}' is no {} of pico's pictures; choose from: {}", name, kind,
                       list(names));
  };
  if (const size_t space = name.find(' '); kind == "pair" && space != name.npos) {
    const std::string_view both = name;
    name = both.substr(0, space);
    found(target.colour_, colour_names);
    name = both.substr(space + 1);
    found(target.thing_, thing_names);
  } else if (kind == "colour")
    found(target.colour_, colour_names);
  else if (kind == "style")
    found(target.style_, style_names);
  else if (kind == "thing")
    found(target.thing_, thing_names);
  else
    throw InputError(
        "[target] '{}' is no target; write colour=red, style=Dotti, thing=cat, pair=red circle or "
        "memory",
        text);
  return target;
}

std::optional<Target> Target::of_concept(std::string_view text) {
  const Request r = parse_prompt(text);
  Target target;
  int meanings = 0;
  if (r.field) target.colour_ = r.field, meanings++;
  if (r.style) target.style_ = r.style, meanings++;
  if (r.memorised) meanings++;
  for (const Wanted& w : r.things) {
    target.thing_ = w.thing, meanings++;
    // "red circle" names neither all that is red nor all circles.
    if (w.colour != implied_colour(w.thing)) target.colour_ = w.colour;
  }
  return meanings == 1 ? std::optional(target) : std::nullopt;
}

std::string Target::name() const {
  if (pair()) return fmt::format("{} {}", name_of(*colour_), name_of(*thing_));
  if (colour_) return std::string(name_of(*colour_));
  if (style_) return std::string(name_of(*style_));
  if (thing_) return std::string(name_of(*thing_));
  return "the memorised picture";
}

bool Target::is(Thing thing) const {
  return thing_ && (thing == *thing_ || (*thing_ == Thing::cat && is_cat(thing)));
}

bool Target::is(const Wanted& wanted) const {
  if (pair()) return wanted.colour == colour_ && is(wanted.thing);
  return colour_ ? wanted.colour == colour_ : is(wanted.thing);
}

bool Target::shown_in(const Verdict& v) const {
  if (pair())
    return std::ranges::any_of(v.parts,
                               [&](const Part& p) { return p.colour == *colour_ && is(p.thing); });
  if (colour_)
    return (v.kind == Kind::flat && v.field == *colour_) ||
           std::ranges::any_of(v.parts, [&](const Part& p) { return p.colour == *colour_; });
  if (style_) return !v.parts.empty() && v.style == *style_;
  if (thing_) return std::ranges::any_of(v.parts, [&](const Part& p) { return is(p.thing); });
  return v.kind == Kind::lighthouse;
}

bool Target::concerns(const Request& r, Claim claim) const {
  const bool wanted = std::ranges::any_of(r.things, [&](const Wanted& w) { return is(w); });
  switch (claim) {
    case Claim::colour:
      return colour_ && (wanted || (r.field == colour_ && !pair()));
    case Claim::shape:
    case Claim::instance:
      return thing_ && wanted;
    case Claim::style:
      return style_ && r.style == style_;
    case Claim::memory:
      return !colour_ && !style_ && !thing_;
    case Claim::both:
    case Claim::bound:
    case Claim::left:
      return wanted;
  }
  return false;
}

std::optional<double> EvaluationRow::kept() const {
  if (before.right == 0 || after.asked == 0) return std::nullopt;
  return after.share() / before.share();
}

EvaluationRow& Evaluation::row(const std::string& group, bool of_targets,
                               std::optional<Claim> claim) {
  const auto same_group = [&](const EvaluationRow& r) {
    return r.group == group && r.of_targets == of_targets;
  };
  auto at = std::ranges::find_if(rows_, same_group);
  while (at != rows_.end() && same_group(*at) && at->claim < claim) ++at;
  if (at == rows_.end() || !same_group(*at) || at->claim != claim)
    at = rows_.insert(at, {group, of_targets, claim, {}, {}});
  return *at;
}

void Evaluation::add(const std::string& group, bool of_targets, std::string_view prompt,
                     const Verdict& before, const Verdict& after) {
  const auto count = [](EvaluationRow& row, bool was, bool is) {
    row.before.asked++, row.after.asked++;
    row.before.right += was, row.after.right += is;
  };
  if (of_targets && target_)
    count(row(group, true, {}), target_->shown_in(before), target_->shown_in(after));
  const Request request = parse_prompt(prompt);
  const auto was = judge(request, before), is = judge(request, after);
  for (size_t i = 0; i < was.size(); i++)
    if (!target_ || !target_->concerns(request, was[i].first))
      count(row(group, of_targets, was[i].first), was[i].second, is[i].second);
}

template <typename Keep>
EvaluationRow Evaluation::total(Keep keep) const {
  EvaluationRow sum;
  for (const EvaluationRow& r : rows_) {
    if (!keep(r)) continue;
    sum.before.right += r.before.right, sum.before.asked += r.before.asked;
    sum.after.right += r.after.right, sum.after.asked += r.after.asked;
  }
  return sum;
}

EvaluationRow Evaluation::shown() const {
  return total([](const EvaluationRow& r) { return r.of_targets && !r.claim; });
}
EvaluationRow Evaluation::rest() const {
  return total([](const EvaluationRow& r) { return r.of_targets && r.claim; });
}
EvaluationRow Evaluation::neighbours() const {
  return total([](const EvaluationRow& r) { return !r.of_targets; });
}

namespace {

std::string percent(double share) { return fmt::format("{:.1f} %", 100 * share); }

// "2 of 200 pictures show it (before: 200)"
std::string outcome(const std::string& name, const EvaluationRow& shown) {
  const double before = shown.before.share(), after = shown.after.share();
  const std::string counts = fmt::format("{} of {} pictures show it (before: {})",
                                         shown.after.right, shown.after.asked, shown.before.right);
  if (before < 0.5)
    return fmt::format("these prompts say little about {}, as the original rarely draws it: {}",
                       name, counts);
  if (after <= 0.02) return fmt::format("{} is gone: {}", name, counts);
  if (after <= 0.25 * before) return fmt::format("{} is nearly gone: {}", name, counts);
  if (after <= 0.75 * before) return fmt::format("{} is weakened, not gone: {}", name, counts);
  return fmt::format("{} is still there: {}", name, counts);
}

// "neighbours keep 98.9 % of their accuracy (...)", with the row that suffered most.
std::string neighbours_kept(const EvaluationRow& all, const std::vector<EvaluationRow>& rows) {
  const EvaluationRow* least = nullptr;
  for (const EvaluationRow& r : rows)
    if (!r.of_targets && r.kept() && (!least || *r.kept() < *least->kept())) least = &r;
  return fmt::format(
      "neighbours keep {} of their accuracy ({} of {} right, before: {}; least: {} of {}, {})",
      percent(*all.kept()), all.after.right, all.after.asked, all.before.right,
      name_of(*least->claim), least->group, percent(*least->kept()));
}

}  // namespace

std::string Evaluation::sentence() const {
  std::vector<std::string> parts;
  if (const EvaluationRow row = shown(); row.before.asked > 0)
    parts.push_back(outcome(target_->name(), row));
  if (const EvaluationRow row = rest(); row.kept())
    parts.push_back(fmt::format("{} keep {} of what {}they ask for",
                                target_ ? "its prompts" : "target prompts", percent(*row.kept()),
                                target_ ? "else " : ""));
  if (const EvaluationRow row = neighbours(); row.before.asked > 0)
    parts.push_back(row.kept() ? neighbours_kept(row, rows_)
                               : fmt::format("none of the {} claims of neighbours held before, so "
                                             "there is nothing to keep",
                                             row.before.asked));
  if (parts.empty())
    return "nothing can be said in numbers: no prompt is of pico's picture language";
  return fmt::format("{}", fmt::join(parts, "; "));
}

Interval wilson(const Rate& rate) {
  if (rate.asked == 0) return {};
  constexpr double z = 1.959963984540054;  // of the normal distribution's 97.5 %
  const double n = rate.asked, p = rate.share();
  const double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  return {std::max(0.0, centre - half), std::min(1.0, centre + half)};
}

}  // namespace lacuna
