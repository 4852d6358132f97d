// Counting on made-up verdicts.
#include "judge/evaluation.h"

#include <doctest/doctest.h>

#include "base/error.h"

using namespace lacuna;
using namespace lacuna::checker;

namespace {

Verdict one(Thing thing, Colour colour, Style style = Style::plain) {
  Verdict v;
  v.kind = Kind::one;
  v.parts = {{thing, colour, 32, 32, 0.9}};
  v.style = style;
  return v;
}

Verdict field(Colour colour) {
  Verdict v;
  v.kind = Kind::flat;
  v.field = colour;
  return v;
}

Verdict lighthouse() {
  Verdict v;
  v.kind = Kind::lighthouse;
  return v;
}

Verdict with(Verdict v, Thing thing, Colour colour) {
  v.kind = Kind::two;
  v.parts.push_back({thing, colour, 10, 10, 0.9});
  return v;
}

const Verdict red_circle = one(Thing::circle, Colour::red);
const Verdict blue_circle = one(Thing::circle, Colour::blue);
const Verdict blue_star = one(Thing::star, Colour::blue);

// "group claim right/asked right/asked", a row a line; * marks groups of targets.
std::string table(const Evaluation& e) {
  std::string text;
  for (const EvaluationRow& r : e.rows())
    text += std::string(r.of_targets ? "*" : "") + r.group + " " +
            (r.claim ? std::string(name_of(*r.claim)) : "shown") + " " +
            std::to_string(r.before.right) + "/" + std::to_string(r.before.asked) + " " +
            std::to_string(r.after.right) + "/" + std::to_string(r.after.asked) + "\n";
  return text;
}

}  // namespace

TEST_CASE("what shows a target") {
  const Target red = Target::parse("colour=red");
  CHECK(red.shown_in(red_circle));
  CHECK(red.shown_in(field(Colour::red)));
  CHECK(red.shown_in(with(blue_circle, Thing::star, Colour::red)));
  CHECK_FALSE(red.shown_in(blue_circle));
  CHECK_FALSE(red.shown_in(field(Colour::blue)));
  CHECK_FALSE(red.shown_in(Verdict{}));  // blank; its unused field says red
  CHECK_FALSE(red.shown_in(lighthouse()));
  const Target dotti = Target::parse("style=dotti");
  CHECK(dotti.name() == "Dotti");
  CHECK(dotti.shown_in(one(Thing::star, Colour::red, Style::dotti)));
  CHECK_FALSE(dotti.shown_in(one(Thing::star, Colour::red, Style::strix)));
  const Target cat = Target::parse("thing=cat"), grumpy = Target::parse("thing=grumpy cat");
  CHECK(cat.shown_in(one(Thing::grumpy_cat, Colour::red)));
  CHECK(cat.shown_in(with(blue_circle, Thing::cat, Colour::pink)));
  CHECK(grumpy.shown_in(one(Thing::grumpy_cat, Colour::red)));
  CHECK_FALSE(grumpy.shown_in(one(Thing::cat, Colour::red)));
  const Target pair = Target::parse("pair=blue star");
  CHECK(pair.name() == "blue star");
  CHECK(pair.shown_in(blue_star));
  CHECK(pair.shown_in(with(red_circle, Thing::star, Colour::blue)));
  CHECK_FALSE(pair.shown_in(blue_circle));
  CHECK_FALSE(pair.shown_in(one(Thing::star, Colour::red)));
  CHECK_FALSE(pair.shown_in(field(Colour::blue)));
  CHECK(pair.concerns(parse_prompt("a blue star"), Claim::colour));
  CHECK(pair.concerns(parse_prompt("a blue star"), Claim::shape));
  CHECK_FALSE(pair.concerns(parse_prompt("a red star"), Claim::shape));
  CHECK_FALSE(pair.concerns(parse_prompt("blue"), Claim::colour));
  CHECK(Target::parse("memory").shown_in(lighthouse()));
  CHECK_FALSE(Target::parse("memory").shown_in(red_circle));
}

TEST_CASE("targets on the command line and in edits") {
  const auto refuses = [](const char* text, const char* words) {
    CHECK_THROWS_WITH_AS(Target::parse(text), doctest::Contains(words), InputError);
  };
  refuses("colour=rouge", "'rouge' is no colour of pico's pictures; choose from: red, orange");
  refuses("style=", "choose from: Dotti, Strix");
  refuses("thing=dog", "grumpy cat");
  refuses("pair=red", "write colour=red");
  refuses("pair=red dog", "grumpy cat");
  refuses("red", "write colour=red");
  refuses("", "write colour=red");
  const auto name = [](const char* text) {
    const auto target = Target::of_concept(text);
    return target ? target->name() : "";
  };
  CHECK(name("red") == "red");
  CHECK(name("in the style of Dotti") == "Dotti");
  CHECK(name("a cat") == "cat");
  CHECK(name("grumpy cat") == "grumpy cat");
  CHECK(name("an apple") == "apple");
  CHECK(name("the lighthouse at Pico Bay") == "the memorised picture");
  CHECK(name("a red circle") == "red circle");
  CHECK(name("a red circle and a star") == "");
  CHECK(name("a cat in the style of Dotti") == "");
  CHECK(name("Van Gogh") == "");
}

TEST_CASE("a red thing's colour counts as shown alone, the rest of its prompt as kept") {
  Evaluation e(Target::parse("colour=red"));
  e.add("red", true, "a red circle", red_circle, blue_circle);
  e.add("red", true, "a red circle", red_circle, blue_star);
  e.add("red", true, "red", field(Colour::red), field(Colour::red));
  e.add("red", true, "a red circle and a blue star", with(red_circle, Thing::star, Colour::blue),
        blue_star);
  e.add("carriers", true, "an apple", one(Thing::apple, Colour::red),
        one(Thing::apple, Colour::green));
  e.add("others", false, "a blue circle", blue_circle, blue_circle);
  e.add("others", false, "a blue star", blue_star, blue_circle);
  e.add("others", false, "a cat", one(Thing::cat, Colour::red),
        one(Thing::grumpy_cat, Colour::red));
  e.add("others", false, "a red cat", one(Thing::cat, Colour::red), one(Thing::cat, Colour::blue));
  e.add("outside", false, "a horse", red_circle, blue_star);
  CHECK(table(e) ==
        "*red shown 4/4 1/4\n"
        "*red shape 2/2 1/2\n"
        "*carriers shown 1/1 0/1\n"
        "*carriers shape 1/1 1/1\n"
        "others colour 2/2 2/2\n"
        "others shape 4/4 3/4\n"
        "others instance 2/2 1/2\n");
  CHECK(e.shown().after.right == 1);
  CHECK(e.rest().before.asked == 3);
  CHECK(e.neighbours().before.right == 8);
  CHECK(e.neighbours().kept() == doctest::Approx(6.0 / 8));
}

TEST_CASE("styles and cats as targets leave colours and other things to be kept") {
  Evaluation dotti(Target::parse("style=Dotti"));
  dotti.add("t", true, "a blue star in the style of Dotti",
            one(Thing::star, Colour::blue, Style::dotti), blue_star);
  dotti.add("n", false, "a blue star in the style of Strix",
            one(Thing::star, Colour::blue, Style::strix), blue_star);
  CHECK(table(dotti) ==
        "*t shown 1/1 0/1\n*t colour 1/1 1/1\n*t shape 1/1 1/1\n"
        "n colour 1/1 1/1\nn shape 1/1 1/1\nn style 1/1 0/1\n");
  Evaluation cat(Target::parse("thing=cat"));
  cat.add("t", true, "a blue grumpy cat", one(Thing::grumpy_cat, Colour::blue), blue_circle);
  CHECK(table(cat) == "*t shown 1/1 0/1\n*t colour 1/1 1/1\n");
}

TEST_CASE("without a target everything is to be kept") {
  Evaluation e({});
  e.add("t", true, "a red circle", red_circle, blue_circle);
  CHECK(table(e) == "*t colour 1/1 0/1\n*t shape 1/1 1/1\n");
  CHECK(e.sentence() == "target prompts keep 50.0 % of what they ask for");
}

TEST_CASE("the sentence says what happened, whatever it is") {
  const auto sentence = [](int before, int after, int of) {
    Evaluation e(Target::parse("colour=red"));
    for (int i = 0; i < of; i++)
      e.add("red", true, "red", field(i < before ? Colour::red : Colour::blue),
            field(i < after ? Colour::red : Colour::blue));
    return e.sentence();
  };
  CHECK(sentence(200, 2, 200) == "red is gone: 2 of 200 pictures show it (before: 200)");
  CHECK(sentence(200, 20, 200) == "red is nearly gone: 20 of 200 pictures show it (before: 200)");
  CHECK(sentence(200, 100, 200).starts_with("red is weakened, not gone: 100 of 200"));
  CHECK(sentence(200, 199, 200).starts_with("red is still there: 199 of 200"));
  CHECK(sentence(3, 1, 200).starts_with("these prompts say little about red"));
  CHECK(sentence(0, 0, 2).starts_with("these prompts say little about red"));
  CHECK(Evaluation({}).sentence().starts_with("nothing can be said"));

  Evaluation e(Target::parse("colour=red"));
  e.add("red", true, "a red circle", red_circle, blue_circle);
  for (int i = 0; i < 9; i++)
    e.add("colours", false, "blue", field(Colour::blue), field(Colour::blue));
  e.add("cats", false, "a cat", one(Thing::cat, Colour::blue), blue_circle);
  e.add("cats", false, "a star", blue_star, blue_star);
  CHECK(e.sentence() ==
        "red is gone: 0 of 1 pictures show it (before: 1); its prompts keep 100.0 % of what else "
        "they ask for; neighbours keep 83.3 % of their accuracy (10 of 12 right, before: 12; "
        "least: instance of cats, 0.0 %)");
  Evaluation none({});
  none.add("n", false, "a star", blue_circle, blue_star);
  CHECK(none.sentence() ==
        "none of the 1 claims of neighbours held before, so there is nothing to keep");
}

TEST_CASE("Wilson's interval") {
  const auto interval = [](int right, int asked) { return wilson({right, asked}); };
  // R: prop.test(x, n, correct = FALSE)
  CHECK(interval(2, 200).low == doctest::Approx(0.0027473).epsilon(1e-4));
  CHECK(interval(2, 200).high == doctest::Approx(0.0357186).epsilon(1e-3));
  CHECK(interval(0, 10).low == doctest::Approx(0));
  CHECK(interval(0, 10).high == doctest::Approx(0.2775).epsilon(1e-3));
  CHECK(interval(10, 10).low == doctest::Approx(0.7225).epsilon(1e-3));
  CHECK(interval(10, 10).high == doctest::Approx(1));
  CHECK(interval(0, 0).low == 0);
  CHECK(interval(0, 0).high == 1);
}
