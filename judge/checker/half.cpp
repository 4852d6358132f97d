#include "judge/checker/half.h"

#include "base/error.h"
#include "judge/checker/mask.h"

namespace lacuna::checker {

Half parse_half(std::string_view name) {
  if (name == "left") return Half::left;
  if (name == "right") return Half::right;
  throw InputError("[check] --half '{}' is unknown; choose left or right", name);
}

Request half_of(const Request& request, Half half) {
  Request there;
  if (request.left_of && request.things.size() == 2)
    there.things = {request.things[half == Half::left ? 0 : 1]};
  return there;
}

Verdict half_of(const Verdict& verdict, Half half) {
  Verdict there;
  for (const Part& part : verdict.parts)
    if ((part.x < side / 2.0) == (half == Half::left)) there.parts.push_back(part);
  there.kind = there.parts.empty() ? Kind::blank : there.parts.size() == 1 ? Kind::one : Kind::two;
  return there;
}

}  // namespace lacuna::checker
