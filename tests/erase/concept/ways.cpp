#include "erase/concept/ways.h"

#include <doctest/doctest.h>

#include <set>

#include "erase/phrasing.h"

namespace lacuna {
namespace {

Decisions decisions(ConceptKind kind, std::string words) {
  Decisions d;
  d.words = std::move(words);
  d.kind = kind;
  d.anchors.push_back({"green", "", {}, {}});
  d.fillers = {{"circle", "apple", "star"}, {"blue", "orange"}, {"Monet"}, false};
  return d;
}

std::set<std::string> texts(const std::vector<AskedPhrasing>& all) {
  std::set<std::string> result;
  for (const AskedPhrasing& a : all) result.insert(a.phrasing.text());
  return result;
}

TEST_CASE("slips of the keyboard keep the first letter and are never the word itself") {
  const std::vector<std::string> red = misspellings("red");
  CHECK(red == std::vector<std::string>{"rde", "reed", "redd"});
  for (const std::string& word : misspellings("grumpy cat")) {
    CHECK(word != "grumpy cat");
    CHECK(word.starts_with("g"));
    CHECK(word.ends_with(" cat"));
  }
  CHECK(misspellings("x").empty());
}

TEST_CASE("every way asks for the concept, and what is measured with was not learned from") {
  for (const ConceptKind kind :
       {ConceptKind::attribute, ConceptKind::object, ConceptKind::style, ConceptKind::caption}) {
    const Decisions d = decisions(kind, "purple");
    for (const Way way : all_ways()) {
      INFO(word_of(kind), ", ", word_of(way));
      const auto learned = asked(way, Use::learn, d, {}, 0, 4);
      const auto chosen = asked(way, Use::measure, d, {}, 0, 2);
      REQUIRE(!learned.empty());
      REQUIRE(!chosen.empty());
      for (const AskedPhrasing& a : chosen) {
        CHECK(place_of("purple", a.spelled));
        CHECK(place_of("green", a.phrasing.anchor()));
        CHECK(a.phrasing.text().find('{') == std::string::npos);
        if (way != Way::capitals) CHECK(!texts(learned).contains(a.phrasing.text()));
        CHECK((a.phrasing.text() == a.spelled) == (way != Way::capitals && way != Way::misspelled));
      }
      // Those that the rule looks at are not those of the verdict.
      for (const std::string& later : texts(asked(way, Use::measure, d, {}, 2, 2)))
        CHECK(!texts(chosen).contains(later));
    }
  }
}

TEST_CASE("beside something else that is erased, too") {
  const std::vector<std::string> others = {"star"};
  for (const AskedPhrasing& a :
       asked(Way::together, Use::measure, decisions(ConceptKind::object, "cross"), others, 0, 2))
    CHECK(a.phrasing.text().find("a star") != std::string::npos);
}

}  // namespace
}  // namespace lacuna
