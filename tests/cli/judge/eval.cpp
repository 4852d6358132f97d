// lacuna eval in small.
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "pictures/image.h"
#include "tests/cli/edits.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;
using nlohmann::json;

namespace {

fs::path prompts(const std::string& text) {
  const fs::path file = scratch() / "prompts.txt";
  std::ofstream(file) << text;
  return file;
}

json results(const fs::path& out) { return json::parse(read_file(out / "results.json", 1 << 24)); }

std::string small(const fs::path& edit, const std::string& targets, const std::string& neighbours,
                  int steps = 2) {
  return "eval --steps " + std::to_string(steps) + " --edit " + quoted(edit) + " --targets " +
         quoted(prompts(targets)) + " --neighbours " + quoted(prompts(neighbours)) + " --out ";
}

}  // namespace

TEST_CASE("a table, a grid, every verdict and a sentence" * needs_device()) {
  const fs::path edit = scaling_edit("none", "conv_out.weight", 1, {{"options.concept", "red"}});
  const fs::path out = scratch() / "eval";
  const std::string run =
      small(edit, "red\n", "# comment\n## colours\nblue\n## others\na horse\n") + quoted(out) +
      " --count 2 --pictures";
  const Outcome o = lacuna::test::lacuna(run);
  INFO(o.err);
  REQUIRE(o.status == 0);
  CHECK(o.out.find("targets (target)") != std::string::npos);
  CHECK(o.out.find("not judged, for their pictures or words are not of pico's picture language: 1 "
                   "of 3 prompts") != std::string::npos);
  // The edit changes nothing, and so does the outcome.
  const json r = results(out);
  CHECK(r.at("target") == "red");
  CHECK(r.at("neighbours").at("before") == r.at("neighbours").at("after"));
  CHECK(o.out.find(r.at("sentence").get<std::string>()) != std::string::npos);
  REQUIRE(r.at("pictures").size() == 6);
  CHECK(r.at("pictures")[0].at("before") == r.at("pictures")[0].at("after"));
  CHECK(r.at("pictures")[0].at("before").contains("shows_target"));
  CHECK(r.at("pictures")[3].at("seed") == 2);
  CHECK_FALSE(r.at("pictures")[5].contains("before"));
  CHECK(load_image(out / "before-after.png").width >= 4 * 160);
  CHECK(load_image(out / "before" / "00002-1.png") == load_image(out / "after" / "00002-1.png"));
  const Outcome again = lacuna::test::lacuna(run);
  CHECK(again.status == 2);
  CHECK(again.err.find("exists; choose another --out") != std::string::npos);
}

TEST_CASE("an edit that breaks the model is seen" * needs_device()) {
  const fs::path edit = scaling_edit("breaks", "conv_out.weight", 0);
  const fs::path out = scratch();
  const Outcome o = lacuna::test::lacuna(small(edit, "red\n", "blue\n", 12) + quoted(out) +
                                         " --count 1 --json --target colour=red");
  INFO(o.err);
  REQUIRE(o.status == 0);
  const json r = results(out);
  CHECK(r.at("shown").at("before").at("right") == 1);
  CHECK(r.at("shown").at("after").at("right") == 0);
  CHECK(r.at("neighbours").at("kept") == 0);
  const std::string last = o.out.substr(o.out.rfind('\n', o.out.size() - 2) + 1);
  CHECK(json::parse(last).at("event") == "done");
  CHECK(json::parse(last).at("sentence") == r.at("sentence"));
}

TEST_CASE("what eval cannot do is refused") {
  const auto refuses = [](const std::string& run, const char* words) {
    const Outcome o = lacuna::test::lacuna(run);
    CAPTURE(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find(words) != std::string::npos);
  };
  const fs::path edit = scaling_edit("some", "conv_out.weight", 0.5f);
  const std::string with_edit = "eval --out " + quoted(scratch()) + " --edit " + quoted(edit);
  refuses("eval --targets x.txt", "--edit");
  refuses(with_edit, "--targets FILE");
  refuses(with_edit + " --targets " + quoted(prompts("## one\n## two\na cat\n")),
          "no prompt under the heading 'one'");
  refuses(with_edit + " --targets " + quoted(prompts("red\n")) + " --count 0", "--count 0");
}

TEST_CASE("a target that does not exist is refused" * needs_device()) {
  const Outcome o =
      lacuna::test::lacuna(small(scaling_edit("some", "conv_out.weight", 0.5f), "red\n", "blue\n") +
                           quoted(scratch()) + " --target colour=rouge");
  CHECK(o.status == 2);
  CHECK(o.err.find("'rouge' is no colour") != std::string::npos);
}
