#include "erase/concept/decisions.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/error.h"
#include "erase/concept/pull.h"
#include "erase/phrasing.h"
#include "tests/erase/pico.h"

namespace lacuna {
namespace {

StableDiffusion& pico() { return test::pico(); }

LatentSize size() { return pico().latent_size(64, 64); }

Decisions decided(ConceptQuestion question) {
  TextCache text(pico().text_predictor());
  question.all = {question.concept_};
  return decide(pico(), text, size(), Lexicon::load(), question, [] {});
}

TEST_CASE(
    "decisions for a colour: neighbours of its kind, an anchor, nothing that names it stays") {
  const Decisions d = decided({.concept_ = "blue", .learned = 30, .kept = 40});
  CHECK(d.kind == ConceptKind::attribute);
  CHECK(d.words == "blue");
  REQUIRE(d.neighbours.size() >= 5);
  CHECK(std::ranges::any_of(d.neighbours,
                            [&](const auto& n) { return n.words == d.anchor().words; }));
  CHECK(d.implied.empty());
  REQUIRE(d.anchor().learned.size() == 31);
  for (const Phrasing& p : d.anchor().learned) {
    CHECK(place_of("blue", p.text()));
    CHECK(!place_of("blue", p.anchor()));
    CHECK(place_of(d.anchor().words, p.anchor()));
  }
  for (const auto* kept : {&d.kept, &d.kept_measured})
    for (const std::string& k : *kept) CHECK(!place_of("blue", k));
  for (const std::string& k : d.kept_measured) CHECK(std::ranges::find(d.kept, k) == d.kept.end());
  // The same question has the same answer.
  const Decisions again = decided({.concept_ = "blue", .learned = 30, .kept = 40});
  CHECK(again.anchor().words == d.anchor().words);
  REQUIRE(again.neighbours.size() == d.neighbours.size());
  for (size_t i = 0; i < d.neighbours.size(); i++)
    CHECK(again.neighbours[i].near == d.neighbours[i].near);
}

TEST_CASE("a thing that implies a colour has an anchor of that colour where none is named") {
  const Decisions d = decided({.concept_ = "an apple", .learned = 20, .kept = 20});
  CHECK(d.kind == ConceptKind::object);
  CHECK(d.implied == "red");
  for (const Phrasing& p : d.anchor().learned)
    if (p.text() == "an apple") CHECK(p.anchor() == "a red " + d.anchor().words);
}

TEST_CASE("what a user says decides, and what contradicts itself is refused") {
  const auto message = [](ConceptQuestion q) {
    try {
      decided(std::move(q));
    } catch (const InputError& e) { return std::string(e.what()); }
    return std::string();
  };
  CHECK(message({.concept_ = "blue", .anchor = "blue"}).find("its own anchor") !=
        std::string::npos);
  CHECK(message({.concept_ = "blue", .anchor = "dark blue"}).find("which is to be erased") !=
        std::string::npos);
  CHECK(message({.concept_ = "blue", .retained = {"a Blue circle"}}).find("is to stay") !=
        std::string::npos);
  CHECK(message({.concept_ = "  "}).find("empty") != std::string::npos);
  CHECK(message({.concept_ = "zebra"}).find("nothing to erase") != std::string::npos);
}

TEST_CASE("pull is 1 and drift 0 before an edit") {
  TextCache text(pico().text_predictor());
  const std::string texts[] = {"a circle"};
  const uint64_t seeds[] = {3};
  constexpr int at[] = {0, 2};
  const auto places = places_towards(pico(), text, texts, seeds, size(), 10, 5, at, [] {}).front();
  Effects effects(pico(), text, size(), places);
  PullAndDrift measure(pico(), size());
  measure.add_concept(effects, "a blue circle", "a red circle");
  measure.add_kept(effects, "a green star");
  const Progressed before = measure.of(pico().predictor(), text);
  REQUIRE(before.pulls.size() == 1);
  REQUIRE(before.drifts.size() == 1);
  CHECK(before.pull() == doctest::Approx(1).epsilon(1e-4));
  CHECK(before.drift() == doctest::Approx(0).epsilon(1e-6));
  // Without a difference between the concept and its anchor there is nothing that pulls.
  PullAndDrift same(pico(), size());
  same.add_concept(effects, "a red circle", "a red circle");
  CHECK(same.of(pico().predictor(), text).pull() == 0);
}

}  // namespace
}  // namespace lacuna
