#include "judge/checker/rates.h"

#include <algorithm>
#include <numeric>

namespace lacuna::checker {
namespace {

bool colour_fits(const Wanted& wanted, const Part& part) {
  return !wanted.colour || *wanted.colour == part.colour;
}

bool fits(const Wanted& wanted, const Part& part) {
  return wanted.thing == part.thing && colour_fits(wanted, part);
}

// Whether the parts can be given to the wanted things one to one.
template <typename Fits>
bool all_there(const std::vector<Wanted>& wanted, const std::vector<Part>& parts, Fits fits) {
  if (wanted.size() != parts.size()) return false;
  std::vector<size_t> order(parts.size());
  std::iota(order.begin(), order.end(), size_t{0});
  do {
    bool good = true;
    for (size_t i = 0; i < order.size(); i++) good = good && fits(wanted[i], parts[order[i]]);
    if (good) return true;
  } while (std::next_permutation(order.begin(), order.end()));
  return false;
}

// Things of different colours are told apart by colour, others by shape.
bool first_is_left(const std::vector<Wanted>& wanted, const std::vector<Part>& parts) {
  const bool by_colour =
      wanted[0].colour && wanted[1].colour && wanted[0].colour != wanted[1].colour;
  const auto find = [&](const Wanted& w) {
    return std::ranges::find_if(
        parts, [&](const Part& p) { return by_colour ? colour_fits(w, p) : w.thing == p.thing; });
  };
  const auto first = find(wanted[0]), second = find(wanted[1]);
  return first != parts.end() && second != parts.end() && first->x < second->x;
}

}  // namespace

std::vector<std::pair<Claim, bool>> judge(const Request& request, const Verdict& verdict) {
  std::vector<std::pair<Claim, bool>> claims;
  const Part* largest = verdict.parts.empty() ? nullptr : &verdict.parts[0];
  if (request.things.size() == 1) {
    const auto& [thing, colour] = request.things[0];
    const bool same = largest && largest->thing == thing;
    if (colour) claims.emplace_back(Claim::colour, largest && largest->colour == *colour);
    claims.emplace_back(Claim::shape, same || (is_cat(thing) && largest && is_cat(largest->thing)));
    if (is_cat(thing)) claims.emplace_back(Claim::instance, same);
  } else if (request.things.size() > 1) {
    claims.emplace_back(Claim::both, all_there(request.things, verdict.parts, colour_fits));
    claims.emplace_back(Claim::bound, all_there(request.things, verdict.parts, fits));
    if (request.left_of)
      claims.emplace_back(Claim::left, first_is_left(request.things, verdict.parts));
  }
  if (request.field) {
    claims.emplace_back(Claim::colour,
                        verdict.kind == Kind::flat && verdict.field == *request.field);
  }
  if (request.style) claims.emplace_back(Claim::style, largest && verdict.style == *request.style);
  if (request.memorised) claims.emplace_back(Claim::memory, verdict.kind == Kind::lighthouse);
  return claims;
}

void Rates::add(const Request& request, const Verdict& verdict) {
  pictures++;
  for (const auto& [claim, holds] : judge(request, verdict)) {
    Rate& rate = rates[static_cast<size_t>(claim)];
    rate.asked++;
    rate.right += holds;
  }
}

}  // namespace lacuna::checker
