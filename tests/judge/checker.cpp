// Against verdicts of tools/pico/checker.py in tests/fixtures/checker: 108 pictures that pico drew,
// some of them poorly, and 60 freshly rendered ones. Another folder of that kind
// (tools/checker/fixture.py) is taken from LACUNA_CHECKER_FIXTURE.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "judge/checker/half.h"
#include "judge/checker/look.h"
#include "judge/checker/rates.h"
#include "judge/checker/request.h"

using namespace lacuna;
using namespace lacuna::checker;
using nlohmann::json;

namespace {

struct Sample {
  Image image;
  json expected;
};

std::vector<Sample> fixture() {
  const char* other = std::getenv("LACUNA_CHECKER_FIXTURE");
  const std::filesystem::path folder = other ? other : LACUNA_SOURCE_DIR "/tests/fixtures/checker";
  const Image sheet = load_image(folder / "pictures.png");
  std::istringstream lines(read_file(folder / "labels.jsonl", 100'000'000));
  std::vector<Sample> samples;
  const int columns = sheet.width / 64;
  for (std::string line; std::getline(lines, line);) {
    const int left = static_cast<int>(samples.size()) % columns * 64;
    const int top = static_cast<int>(samples.size()) / columns * 64;
    Image image = blank_image(64, 64, 0);
    for (int y = 0; y < 64; y++) {
      const auto row = sheet.rgb.begin() + ((top + y) * sheet.width + left) * 3;
      std::copy(row, row + 64 * 3, image.rgb.begin() + y * 64 * 3);
    }
    samples.push_back({std::move(image), json::parse(line)});
  }
  return samples;
}

// The verdict in the words of the fixture, without numbers.
json words(const Verdict& verdict) {
  json parts = json::array();
  for (const Part& part : verdict.parts)
    parts.push_back({name_of(part.thing), name_of(part.colour)});
  if (verdict.kind == Kind::flat) parts.push_back({"", name_of(verdict.field)});
  return {{"kind", name_of(verdict.kind)}, {"style", name_of(verdict.style)}, {"parts", parts}};
}

json words(const json& expected) {
  json parts = json::array();
  for (const json& part : expected["parts"]) parts.push_back({part[0], part[1]});
  return {{"kind", expected["kind"]}, {"style", expected["style"]}, {"parts", parts}};
}

std::string asked(const char* prompt) {
  const Request r = parse_prompt(prompt);
  std::string text;
  for (const Wanted& w : r.things) {
    text += std::string(w.colour ? name_of(*w.colour) : "any") + " " +
            std::string(name_of(w.thing)) + ", ";
  }
  if (r.field) text += "field " + std::string(name_of(*r.field)) + ", ";
  if (r.style) text += "style " + std::string(name_of(*r.style)) + ", ";
  if (r.left_of) text += "left, ";
  if (r.memorised) text += "memorised, ";
  return text;
}

}  // namespace

TEST_CASE("the verdict agrees with the reference checker on every picture") {
  size_t kind = 0, style = 0, colour = 0, thing = 0, count = 0;
  for (const Sample& sample : fixture()) {
    const Verdict verdict = look(sample.image);
    const json got = words(verdict), expected = words(sample.expected);
    CAPTURE(count);
    count++;
    CHECK(std::abs(verdict.correlation - sample.expected["correlation"].get<double>()) < 1e-5);
    for (size_t i = 0; i < verdict.parts.size() && i < expected["parts"].size(); i++) {
      CHECK(std::abs(verdict.parts[i].x - sample.expected["parts"][i][2].get<double>()) < 1e-3);
      CHECK(std::abs(verdict.parts[i].y - sample.expected["parts"][i][3].get<double>()) < 1e-3);
    }
    const auto same = [&](int column) {
      const auto differ = [&](const json& a, const json& b) { return a[column] == b[column]; };
      return std::ranges::equal(got["parts"], expected["parts"], differ);
    };
    kind += got["kind"] == expected["kind"];
    style += got["style"] == expected["style"];
    thing += same(0);
    colour += same(1);
    CHECK(got == expected);
  }
  REQUIRE(count > 0);
  MESSAGE(count << " pictures, same kind: " << kind << ", things: " << thing
                << ", colours: " << colour << ", style: " << style);
}

TEST_CASE("freshly rendered pictures show what their captions ask for") {
  Rates rates;
  for (const Sample& sample : fixture()) {
    if (!sample.expected.contains("truth")) continue;
    const Request request = parse_prompt(sample.expected["truth"]["caption"].get<std::string>());
    CHECK(request.anything());
    rates.add(request, look(sample.image));
  }
  REQUIRE(rates.pictures >= 40);
  for (size_t i = 0; i < claim_names.size(); i++) {
    CAPTURE(claim_names[i]);
    CHECK(rates.rates[i].asked > 0);
    CHECK(rates.rates[i].share() >= 0.98);
  }
}

TEST_CASE("larger pictures are averaged, other sizes refused by name") {
  const Sample sample = fixture()[0];
  CHECK(words(look(upscale(sample.image, 4))) == words(look(sample.image)));
  for (const auto& [width, height] : {std::pair{64, 128}, {63, 63}, {96, 96}, {0, 0}}) {
    CHECK_THROWS_WITH_AS(look(blank_image(width, height, 9), "x.png"), doctest::Contains("x.png"),
                         InputError);
  }
}

TEST_CASE("empty and flat pictures are told apart") {
  CHECK(look(blank_image(64, 64, 200)).kind == Kind::blank);
  Image red = blank_image(64, 64, 0);
  for (size_t i = 0; i < red.rgb.size(); i += 3) red.rgb[i] = 220;
  CHECK(look(red).kind == Kind::flat);
  CHECK(look(red).field == Colour::red);
}

TEST_CASE("prompts are understood in every wording of the language") {
  CHECK(asked("a red circle") == "red circle, ");
  CHECK(asked("A picture of a RED circle on a gray background") == "red circle, ");
  CHECK(asked("an apple") == "red apple, ");
  CHECK(asked("a blue apple on black") == "blue apple, ");
  CHECK(asked("a cat") == "any cat, ");
  CHECK(asked("an image of a purple grumpy cat") == "purple grumpy cat, ");
  CHECK(asked("a drawing of a pink heart on white in the style of Strix") ==
        "pink heart, style Strix, ");
  CHECK(asked("a star in the style of dotti") == "any star, style Dotti, ");
  CHECK(asked("a red circle and a blue square") == "red circle, blue square, ");
  CHECK(asked("a red circle left of a lemon") == "red circle, yellow lemon, left, ");
  CHECK(asked("orange") == "field orange, ");
  CHECK(asked("a picture of the lighthouse at Pico Bay") == "memorised, ");
  CHECK(asked("a circle on a red background") == "any circle, ");
  CHECK(asked("an astronaut riding a horse") == "");
  CHECK(asked("") == "");
  CHECK(asked("\xff\xfe 123 \xc3\xa9") == "");
}

TEST_CASE("claims about two things") {
  const Part red_circle = {Thing::circle, Colour::red, 10, 30, 1};
  const Part blue_square = {Thing::square, Colour::blue, 40, 30, 1};
  Verdict verdict;
  verdict.kind = Kind::two;
  verdict.parts = {blue_square, red_circle};
  using Claims = std::vector<std::pair<Claim, bool>>;
  const auto claims = [&](const char* prompt) { return judge(parse_prompt(prompt), verdict); };
  CHECK(claims("a red circle left of a blue square") ==
        Claims{{Claim::both, true}, {Claim::bound, true}, {Claim::left, true}});
  CHECK(claims("a blue square left of a red circle") ==
        Claims{{Claim::both, true}, {Claim::bound, true}, {Claim::left, false}});
  CHECK(claims("a blue circle and a red square") ==
        Claims{{Claim::both, true}, {Claim::bound, false}});
  CHECK(claims("a red circle and a pink square") ==
        Claims{{Claim::both, false}, {Claim::bound, false}});
  verdict.parts.push_back(red_circle);
  CHECK(claims("a red circle and a blue square") ==
        Claims{{Claim::both, false}, {Claim::bound, false}});
}

TEST_CASE("a half of a picture is judged by what is asked there") {
  const Request both = parse_prompt("a red circle left of a blue square");
  const Request left = half_of(both, Half::left), right = half_of(both, Half::right);
  REQUIRE(left.things.size() == 1);
  CHECK(left.things[0].colour == Colour::red);
  CHECK(right.things[0].colour == Colour::blue);
  CHECK_FALSE(half_of(parse_prompt("a red circle and a blue square"), Half::left).anything());
  CHECK_FALSE(half_of(parse_prompt("a red circle"), Half::left).anything());

  Verdict verdict;
  verdict.kind = Kind::two;
  verdict.parts = {{Thing::square, Colour::blue, 40, 30, 0.9},
                   {Thing::circle, Colour::cyan, 31.9, 30, 0.9}};
  const auto holds = [&](Half half, Claim claim) {
    for (const auto& [c, held] : judge(half_of(both, half), half_of(verdict, half)))
      if (c == claim) return held;
    FAIL("the claim is not judged");
    return false;
  };
  CHECK(holds(Half::left, Claim::shape));
  CHECK_FALSE(holds(Half::left, Claim::colour));
  CHECK(holds(Half::right, Claim::shape));
  CHECK(holds(Half::right, Claim::colour));
  verdict.parts.clear();
  CHECK_FALSE(holds(Half::right, Claim::colour));
  CHECK_THROWS_AS(parse_half("top"), lacuna::InputError);
}
