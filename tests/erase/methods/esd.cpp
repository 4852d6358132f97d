#include "erase/methods/esd.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "erase/phrasing.h"

namespace lacuna::test {

TEST_CASE("the concept that a phrasing names") {
  const std::vector<std::string> red = {"red"};
  CHECK(concept_in("a red circle", red) == "red");
  CHECK(concept_in("Red", red) == "red");
  CHECK(concept_in("a circle, red.", red) == "red");
  CHECK(concept_in("a redwood tree", red) == "a redwood tree");  // no word of its own
  CHECK(concept_in("a tired cat", red) == "a tired cat");
  CHECK(concept_in("a tired red cat", red) == "red");
  CHECK(concept_in("crimson", red) == "crimson");
  CHECK(concept_in("", red).empty());
  // The longest: it says more.
  CHECK(concept_in("a grumpy cat", {"cat", "grumpy cat", "grumpy"}) == "grumpy cat");
  CHECK(concept_in("a cat, in the style of Dotti", {"in the style of Dotti"}) ==
        "in the style of Dotti");
  CHECK(concept_in("caf\xc3\xa9s", {"caf"}) == "caf\xc3\xa9s");
  CHECK(concept_in("a picture of R2-D2.", {"R2-D2"}) == "R2-D2");
  CHECK(concept_in("what (is) it", {"(is)"}) == "(is)");
}

TEST_CASE("directions by name") {
  CHECK(parse_word<Direction>("concept") == Direction::concept_text);
  CHECK(parse_word<Direction>("phrasing") == Direction::phrasing);
  CHECK_THROWS_AS(parse_word<Direction>("both"), InputError);
}

}  // namespace lacuna::test
