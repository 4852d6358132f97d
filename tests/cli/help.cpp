// What lacuna says about itself: help, version, and what to write instead of a slip.
#include <set>
#include <sstream>

#include "tests/cli/run.h"

using namespace lacuna::test;

TEST_CASE("every verb explains itself within 80 columns, and groups its options") {
  for (const char* verb :
       {"", "sample", "erase", "erase esd", "erase ablate", "erase clip", "erase inpaint",
        "erase uce", "erase rece", "erase speed", "eval", "diff", "export", "check", "bench",
        "tune", "layers", "layers map", "devices"}) {
    const Outcome o = lacuna::test::lacuna(std::string(verb) + " --help");
    CAPTURE(verb);
    CHECK(o.status == 0);
    CHECK(o.err.empty());
    CHECK(o.out.find("\nHelp:\n  -h,--help ") != std::string::npos);
    CHECK(o.out.find("\nOptions:\n") == std::string::npos);  // no option without a heading
    std::istringstream lines(o.out);
    for (std::string line; std::getline(lines, line);) CHECK_MESSAGE(line.size() <= 80, line);
  }
}

TEST_CASE("the overview has one line a verb") {
  const Outcome o = lacuna::test::lacuna("--help");
  const size_t begin = o.out.find("\nVerbs:\n");
  REQUIRE(begin != std::string::npos);
  std::istringstream lines(o.out.substr(begin + 8));
  std::set<std::string> verbs;
  for (std::string line; std::getline(lines, line) && !line.empty();) {
    CHECK_MESSAGE(line.substr(0, 2) == "  ", line);
    verbs.insert(line.substr(2, line.find(' ', 2) - 2));
  }
  CHECK(verbs == std::set<std::string>{"sample", "erase", "eval", "diff", "export", "check",
                                       "bench", "tune", "layers", "devices"});
}

TEST_CASE("--version names the version, and the commit where there is one") {
  const Outcome o = lacuna::test::lacuna("--version");
  CHECK(o.status == 0);
  CHECK(o.out.starts_with("lacuna " LACUNA_VERSION));
  const std::string rest = o.out.substr(std::string("lacuna " LACUNA_VERSION).size());
  CHECK_MESSAGE((rest == "\n" || (rest.starts_with(" (") && rest.ends_with(")\n"))), rest);
}

TEST_CASE("a slip is answered with the nearest name") {
  const auto says = [](const char* arguments, const char* words) {
    const Outcome o = lacuna::test::lacuna(arguments);
    INFO(o.err);
    CHECK(o.status == 2);
    CHECK(o.out.empty());
    CHECK(o.err.find(words) != std::string::npos);
  };
  says("sampel", "did you mean `sample`?");
  says("erase eds", "did you mean `esd`?");
  says("layers mpa", "did you mean `map`?");
  says("sample --stpes 3", "did you mean --steps?");
  says("sample red --sampler eulr", "did you mean 'euler'?");
  says("erase esd --schedule liner", "did you mean 'linear'?");
  says("", "`lacuna --help` lists the verbs");
  says("paint", "`lacuna --help` lists them");
  says("sample a cat", "put quotes around the whole of it");
}

TEST_CASE("a model's defaults say how to train and no more") {
  const auto with = [](const char* entry) {
    const auto model = damaged_pico([&](const std::filesystem::path& p) {
      replace_in(p / "lacuna.json", "\"lr\": \"2e-3\"", entry);
    });
    return lacuna::test::lacuna("erase esd --concept red --auto none --plan-only --model " +
                                quoted(model));
  };
  const auto refuses = [&](const char* entry, const char* words) {
    const Outcome o = with(entry);
    INFO(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find("lacuna.json") != std::string::npos);
    CHECK(o.err.find(words) != std::string::npos);
  };
  refuses("\"out\": \"somewhere.safetensors\"", "more than how to train");
  refuses("\"force\": \"yes\"", "more than how to train");
  refuses("\"elephant\": \"1\"", "is no option of `lacuna erase esd`");
  refuses("\"lr\": \"fast\"", "is nothing that --lr takes");
}
