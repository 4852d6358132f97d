#include "base/options/words.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace lacuna;

namespace {

enum class Decay { none, constant, linear };
std::span<const Word> words(Decay) {
  static constexpr Word all[] = {
      {"none", Decay::none, false}, {"constant", Decay::constant}, {"linear", Decay::linear}};
  return all;
}

}  // namespace

TEST_CASE("enumerations as words") {
  CHECK(word_of(Decay::linear) == "linear");
  CHECK(word_of(Decay::none) == "none");
  CHECK(parse_word<Decay>("constant") == Decay::constant);
  CHECK_THROWS_WITH_AS(parse_word<Decay>("sqrt"),
                       "[option] 'sqrt' is unknown; choose constant or linear", InputError);
  CHECK_THROWS_AS(parse_word<Decay>("none"), InputError);
}

TEST_CASE("the nearest of some names") {
  const std::string_view names[] = {"sample", "erase", "eval", "check"};
  CHECK(did_you_mean("sampel", names) == "; did you mean 'sample'?");
  CHECK(did_you_mean("evaluate", names).empty());
  CHECK(did_you_mean("", names).empty());
  CHECK(nearest("ese", names, 2, 4) == "erase, eval");
  CHECK(alternatives(names) == "sample, erase, eval or check");
}
