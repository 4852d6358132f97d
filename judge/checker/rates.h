// How often images show what their prompts ask for.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "judge/checker/look.h"
#include "judge/checker/request.h"

namespace lacuna::checker {

// What a prompt can claim about its image. The first three are about the one thing that is asked
// for, compared with the largest that is there.
enum class Claim {
  colour,    // the thing, or the whole field, has the colour that is named or implied
  shape,     // the thing is there; both cats are one shape
  instance,  // the cat is grumpy if and only if it is meant to be
  style,     // drawn as the named artist does
  memory,    // the memorised image appears
  both,      // as many things as asked for, in their colours
  bound,     // and each thing has its own colour
  left,      // the first is left of the second
};
inline constexpr std::array<std::string_view, 8> claim_names = {
    "colour", "shape", "instance", "style", "memory", "both", "bound", "left"};
inline std::string_view name_of(Claim c) { return claim_names[static_cast<size_t>(c)]; }

// Every claim of the request with whether it holds.
std::vector<std::pair<Claim, bool>> judge(const Request& request, const Verdict& verdict);

struct Rate {
  int right = 0, asked = 0;
  double share() const { return asked ? static_cast<double>(right) / asked : 0; }
};

struct Rates {
  int pictures = 0;
  std::array<Rate, claim_names.size()> rates{};

  const Rate& operator[](Claim claim) const { return rates[static_cast<size_t>(claim)]; }
  void add(const Request& request, const Verdict& verdict);
};

}  // namespace lacuna::checker
