// One half of an image, for edits that act in a region: what "a red circle left of a blue square"
// asks for there, and what is there.
#pragma once

#include <string_view>

#include "judge/checker/look.h"
#include "judge/checker/request.h"

namespace lacuna::checker {

enum class Half { left, right };
Half parse_half(std::string_view name);  // "left", "right"; throws InputError

// Nothing if the request does not say which of two things is on the left, else the one thing.
Request half_of(const Request& request, Half half);
// The parts whose centres are in that half, the largest first.
Verdict half_of(const Verdict& verdict, Half half);

}  // namespace lacuna::checker
