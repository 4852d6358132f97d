#include "base/options/fields.h"

#include <doctest/doctest.h>

#include <limits>

#include "base/error.h"

using namespace lacuna;

namespace {

enum class Fruit { none, apple, pear };
std::span<const Word> words(Fruit) {
  static constexpr Word all[] = {
      {"none", Fruit::none, false}, {"apple", Fruit::apple}, {"pear", Fruit::pear}};
  return all;
}

struct Options {
  bool force = false, filter = true, decoupled = false;
  int steps = 25;
  int64_t batch = 4;
  uint64_t seed = 0;
  float guidance = 7.5f;
  double rate = 1e-5;
  std::string name, sampler = "ddim";
  std::filesystem::path file;
  std::vector<std::string> concepts;
  std::optional<int64_t> top;
  std::optional<uint64_t> first;
  std::optional<double> stop;
  Fruit fruit = Fruit::none;
  std::optional<Fruit> other;

  void describe(Fields& f) {
    static constexpr Word optimizers[] = {{"adam", false}, {"adamw", true}};
    f.group("Values");
    f.add("force", force, "A switch").identity();
    f.add_off("filter", filter, "Turns something off").identity();
    f.add("optimizer", decoupled, optimizers, "A bool with words").identity();
    f.add("steps", steps, "N", "An int").range(1, 1000, "25 is usual").from_model();
    f.add("batch", batch, "N", "A whole number").identity().from_model();
    f.add("seed", seed, "N", "A seed").identity();
    f.add("guidance", guidance, "X", "A float").identity();
    f.add("lr", rate, "X", "A double").range(0, 1, "1e-5 is usual").identity();
    f.add("name", name, "TEXT", "A text");
    f.add("sampler", sampler, "NAME", "One of some texts").one_of({"ddim", "euler", "euler_a"});
    f.group("Others");
    f.add("file", file, "FILE", "A path").positional();
    f.add("concept", concepts, "TEXT", "Several").also("what").identity();
    f.add("top", top, "N", "Perhaps a number").range(1, 9, "3 is usual");
    f.add("first", first, "N", "Perhaps a seed");
    f.add("stop", stop, "X", "Perhaps a number");
    f.add("fruit", fruit, "A word").identity();
    f.add("other", other, words(Fruit{}), "Perhaps a word").usually("what the tree bears");
  }
};

}  // namespace

TEST_CASE("an option knows its default, its kind and its heading") {
  Options o;
  Fields f("test");
  o.describe(f);
  CHECK(f["steps"].usual() == "25");
  CHECK(f["lr"].usual() == "1e-5");
  CHECK(f["guidance"].usual() == "7.5");
  CHECK(f["name"].usual().empty());
  CHECK(f["top"].usual().empty());
  CHECK(f["fruit"].usual().empty());  // nothing was chosen
  CHECK(f["other"].usual() == "what the tree bears");
  CHECK(f["force"].usual().empty());
  CHECK(f["optimizer"].usual() == "adam");
  CHECK(f["fruit"].type() == "apple|pear");
  CHECK(f["force"].is_switch());
  CHECK(f["no-filter"].is_switch());
  CHECK_FALSE(f["optimizer"].is_switch());
  CHECK(f["concept"].repeated());
  CHECK(f["batch"].group() == "Values");
  CHECK(f["concept"].group() == "Others");
  CHECK(f.find("what") == f.find("concept"));
  CHECK(f.find("nothing") == nullptr);
  CHECK_THROWS_AS(f["nothing"], std::logic_error);
  CHECK_THROWS_AS(f.add("steps", o.steps, "N", "twice"), std::logic_error);
}

TEST_CASE("values of every type are taken as text and told as text") {
  Options o;
  Fields f("test");
  o.describe(f);
  const auto set = [&](const char* name, const char* text, const char* told) {
    CAPTURE(name);
    f[name].set(text);
    CHECK(f[name].text() == told);
    CHECK(f[name].given() == Given::by_user);
  };
  set("force", "yes", "yes");
  set("no-filter", "yes", "no");
  set("optimizer", "adamw", "adamw");
  set("steps", "+3", "3");
  set("batch", "-7", "-7");
  set("seed", "18446744073709551615", "18446744073709551615");
  set("guidance", "-1.5", "-1.5");
  set("lr", "2e-05", "2e-05");  // as metadata always had it
  set("name", "", "");
  set("sampler", "euler", "euler");
  set("file", "a/b", "a/b");
  set("top", "2", "2");
  set("first", "3", "3");
  set("stop", "0.25", "0.25");
  set("fruit", "pear", "pear");
  set("other", "apple", "apple");
  f["concept"].set("red");
  set("concept", "blue", "red | blue");
  CHECK_FALSE(o.filter);
  CHECK(o.decoupled);
  CHECK(o.fruit == Fruit::pear);
  CHECK(o.other == Fruit::apple);
  CHECK(o.concepts == std::vector<std::string>{"red", "blue"});
}

TEST_CASE("what an option does not take is refused by name, value and what is possible") {
  Options o;
  Fields f("test");
  o.describe(f);
  const auto refuses = [&](const char* name, const char* text, const char* why) {
    CAPTURE(name);
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(f[name].set(text), why, InputError);
    CHECK(f[name].given() == Given::nowhere);
  };
  refuses("steps", "many", "[test] --steps takes a whole number, not 'many'");
  refuses("steps", "3.5", "[test] --steps takes a whole number, not '3.5'");
  refuses("steps", "", "[test] --steps takes a whole number, not ''");
  refuses("batch", "99999999999999999999",
          "[test] --batch takes a whole number, not '99999999999999999999'");
  refuses("seed", "-1", "[test] --seed takes a whole number from 0 on, not '-1'");
  refuses("first", "+-1", "[test] --first takes a whole number from 0 on, not '+-1'");
  refuses("lr", "1e-3x", "[test] --lr takes a number, not '1e-3x'");
  refuses("force", "perhaps", "[test] --force takes yes or no, not 'perhaps'");
  refuses("fruit", "plum", "[test] --fruit 'plum' is unknown; choose apple or pear");
  refuses("fruit", "none", "[test] --fruit 'none' is unknown; choose apple or pear");
  refuses("fruit", "appel",
          "[test] --fruit 'appel' is unknown; choose apple or pear; did you mean 'apple'?");
  refuses("sampler", "eulr",
          "[test] --sampler 'eulr' is unknown; choose ddim, euler or euler_a; did you mean "
          "'euler'?");
}

TEST_CASE("numbers out of range are refused, NaN among them") {
  Options o;
  const auto check = [&] { fields_of(o, "test").check(); };
  check();
  o.steps = 0;
  CHECK_THROWS_WITH_AS(check(), "[test] --steps 0 is out of range; 25 is usual", InputError);
  o.steps = 1000;
  check();
  o.rate = std::numeric_limits<double>::quiet_NaN();
  CHECK_THROWS_WITH_AS(check(), "[test] --lr nan is out of range; 1e-5 is usual", InputError);
  o.rate = 0;
  o.top = 10;
  CHECK_THROWS_WITH_AS(check(), "[test] --top 10 is out of range; 3 is usual", InputError);
  o.top.reset();
  check();
}

TEST_CASE("the user's words replace the model's, and defaults give way to both") {
  Options o;
  Fields f("test");
  o.describe(f);
  f["concept"].set("of the model", Given::by_model);
  CHECK(f["concept"].given() == Given::by_model);
  f["concept"].set("red");
  CHECK(f["concept"].text() == "red");
  f["steps"].set("10", Given::by_model);
  f["steps"].suppose(o.steps, 99);
  f["batch"].suppose(o.batch, int64_t{99});
  CHECK(o.steps == 10);
  CHECK(o.batch == 99);
  CHECK(f.given("steps"));
  CHECK_FALSE(f.given("batch"));
  CHECK(f["steps"].may_come_from_model());
  CHECK_FALSE(f["name"].may_come_from_model());
}

TEST_CASE("metadata holds what identifies an edit") {
  Options o;
  o.concepts = {"red", "blue"};
  CHECK(fields_of(o).identity() == OptionTexts{{"force", "no"},
                                               {"filter", "yes"},
                                               {"optimizer", "adam"},
                                               {"batch", "4"},
                                               {"seed", "0"},
                                               {"guidance", "7.5"},
                                               {"lr", "1e-05"},
                                               {"concept", "red | blue"},
                                               {"fruit", "none"}});
}

TEST_CASE("some of a struct's options") {
  Options o;
  Fields f("test");
  f.group("Mine");
  f.pick(o, {"seed", "steps"});
  CHECK(f.all().size() == 2);
  CHECK(f["steps"].group() == "Mine");
  f["steps"].set("7");
  CHECK(o.steps == 7);
  f.remove("steps");
  CHECK(f.find("steps") == nullptr);
}
