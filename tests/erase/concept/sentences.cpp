#include "erase/concept/sentences.h"

#include <doctest/doctest.h>

#include <set>

#include "erase/concept/decisions.h"
#include "erase/concept/lexicon.h"
#include "erase/phrasing.h"
#include "tests/erase/pico.h"

namespace lacuna {
namespace {

const Fillers fillers = {{"circle", "apple", "star"}, {"blue", "orange"}, {"Monet"}, false};

TEST_CASE("articles suit the word in the gap") {
  const Sentence s{"a picture of a", "on a gray background", false};
  CHECK(s.with("circle") == "a picture of a circle on a gray background");
  CHECK(s.with("apple") == "a picture of an apple on a gray background");
  const Phrasing p = s.phrasing("circle", "apple");
  CHECK(p.text() == "a picture of a circle on a gray background");
  CHECK(p.anchor() == "a picture of an apple on a gray background");
  CHECK(Sentence{}.phrasing("red", "").anchor() == "");
  CHECK(with_article("orange circle") == "an orange circle");
  CHECK(with_article("the lighthouse") == "the lighthouse");
  CHECK(with_article("an apple") == "an apple");
}

TEST_CASE("without an anchor nothing stands in the gap") {
  const Phrasing p = Sentence{"a", "circle", false}.phrasing("red", "");
  CHECK(p.text() == "a red circle");
  CHECK(p.anchor() == "circle");
}

TEST_CASE("sentences are different, hold the gap once and leave no place unfilled") {
  for (const ConceptKind kind :
       {ConceptKind::attribute, ConceptKind::object, ConceptKind::style, ConceptKind::caption})
    for (const Use use : {Use::learn, Use::measure}) {
      std::set<std::string> texts;
      const std::vector<Sentence> all = sentences(kind, use, fillers, 40);
      CHECK(all.size() >= 5);
      for (const Sentence& s : all) {
        const std::string text = s.with("xyz");
        CHECK(texts.insert(text).second);
        CHECK(text.find('{') == std::string::npos);
        CHECK(place_of("xyz", text));
        CHECK(text.find("a apple") == std::string::npos);
        CHECK(text.find("a orange") == std::string::npos);
      }
    }
}

TEST_CASE("what is measured with was not learned from") {
  for (const ConceptKind kind :
       {ConceptKind::attribute, ConceptKind::object, ConceptKind::style, ConceptKind::caption}) {
    std::set<std::string> learned;
    for (const Sentence& s : sentences(kind, Use::learn, fillers, 1000))
      learned.insert(s.with("xyz"));
    for (const Sentence& s : sentences(kind, Use::measure, fillers, 1000))
      CHECK(!learned.contains(s.with("xyz")));
  }
}

TEST_CASE("what says itself what it is like gets no other attribute") {
  Fillers f = fillers;
  f.attributed_gap = true;
  for (const Sentence& s : sentences(ConceptKind::object, Use::learn, f, 1000)) {
    const std::string text = s.with("red star");
    for (const std::string& a : f.attributes) CHECK(text.find(a + " red") == std::string::npos);
    CHECK(text.find("that is") == std::string::npos);
    CHECK(!s.attributed);
  }
}

TEST_CASE("templates without words to fill them are left out") {
  for (const Sentence& s : sentences(ConceptKind::object, Use::learn, {}, 100))
    CHECK(s.with("xyz").find('{') == std::string::npos);
  CHECK(plain_sentences({}, 10).empty());
  const auto plain = plain_sentences(fillers, 20);
  CHECK(plain.size() >= 10);
  CHECK(std::set<std::string>(plain.begin(), plain.end()).size() == plain.size());
}

TEST_CASE("the wording of a concept tells its kind") {
  const Lexicon lexicon = Lexicon::load();
  const auto kind = [&](const char* text) { return words_of_concept(text, lexicon).kind; };
  const auto words = [&](const char* text) { return words_of_concept(text, lexicon).words; };
  CHECK(kind("red") == ConceptKind::attribute);
  CHECK(kind("a cat") == ConceptKind::object);
  CHECK(words("a cat") == "cat");
  CHECK(kind("grumpy cat") == ConceptKind::object);
  CHECK(kind("Van Gogh") == ConceptKind::style);
  CHECK(kind("Strix") == ConceptKind::style);
  CHECK(kind("in the style of Dotti") == ConceptKind::style);
  CHECK(words("in the style of Dotti") == "Dotti");
  CHECK(words("  painting by Monet ") == "Monet");
  CHECK(words("Ghibli style") == "Ghibli");
  CHECK(kind("the lighthouse at Pico Bay") == ConceptKind::caption);
  CHECK(!kind("blorp"));
}

TEST_CASE("the lexicon's lists hold no word twice, and pico knows what it was taught") {
  const Lexicon all = Lexicon::load();
  for (const auto* list : {&all.attributes, &all.objects, &all.styles})
    CHECK(std::set<std::string>(list->begin(), list->end()).size() == list->size());
  const Lexicon known = all.known_to(test::pico().tokenizer());
  CHECK(contains(known.attributes, "CYAN"));
  CHECK(contains(known.objects, "triangle"));
  CHECK(!contains(known.objects, "guitar"));
  const std::vector<std::string> words = vocabulary_words(test::pico().tokenizer());
  CHECK(contains(words, "dotti"));
  CHECK(!contains(words, "guitar"));
}

}  // namespace
}  // namespace lacuna
