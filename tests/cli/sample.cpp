// `lacuna sample` as users and scripts run it.
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "jobs/prompts.h"
#include "pictures/image.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

std::vector<fs::path> pictures(const fs::path& folder) {
  std::vector<fs::path> list;
  for (const auto& entry : fs::directory_iterator(folder)) list.push_back(entry.path());
  std::sort(list.begin(), list.end());
  return list;
}

std::string parameters(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(in)), {});
  for (const auto& [key, value] : png_texts(std::as_bytes(std::span(bytes)), file.string()))
    if (key == "parameters") return value;
  return "";
}

}  // namespace

TEST_CASE("pictures are numbered on, carry their parameters, and equal seeds give equal bits" *
          needs_device()) {
  const fs::path out = scratch();
  const std::string run =
      "sample \"a red circle\" --negative blue --steps 3 --seed 7 --count 3 --batch 2 --grid "
      "--out " +
      quoted(out);
  REQUIRE(lacuna::test::lacuna(run).status == 0);
  REQUIRE(lacuna::test::lacuna(run).status == 0);
  const auto files = pictures(out);
  REQUIRE(files.size() == 8);
  CHECK(files[0].filename() == "00000-7.png");
  CHECK(files[5].filename() == "00005-9.png");
  CHECK(files[6].filename() == "grid-00000.png");
  for (int i = 0; i < 3; i++) CHECK(load_image(files[i]) == load_image(files[i + 3]));
  CHECK(load_image(files[0]).width == 64);
  CHECK(load_image(files[6]).width >= 3 * 160);
  CHECK(parameters(files[1]) ==
        "a red circle\nNegative prompt: blue\nSteps: 3, Sampler: DDIM, CFG scale: 7.5, Seed: 8, "
        "Size: 64x64, "
        "Model: pico, RNG: CPU, Version: lacuna " LACUNA_VERSION);
  // Neither batch size nor neighbours change a picture.
  const fs::path alone = scratch() / "alone.png";
  REQUIRE(lacuna::test::lacuna("sample \"a red circle\" --negative blue --steps 3 --seed 8 --out " +
                               quoted(alone))
              .status == 0);
  CHECK(load_image(alone) == load_image(files[1]));
}

TEST_CASE("--json reports events, one object a line" * needs_device()) {
  const Outcome o =
      lacuna::test::lacuna("sample \"a cat\" --steps 2 --seed 1 --json --out " + quoted(scratch()));
  REQUIRE(o.status == 0);
  std::vector<std::string> events;
  std::istringstream lines(o.out);
  for (std::string line; std::getline(lines, line);)
    events.push_back(nlohmann::json::parse(line).at("event"));
  CHECK(events == std::vector<std::string>{"start", "step", "step", "step", "image", "done"});
}

#ifndef _WIN32
TEST_CASE("paths and prompts that are no UTF-8 are drawn, and reported as JSON all the same" *
          needs_device()) {
  const fs::path model = scratch() / "pico\xff", out = scratch() / "out\xfe";
  fs::copy(fs::path(LACUNA_SOURCE_DIR) / "assets" / "pico", model, fs::copy_options::recursive);
  const Outcome o =
      lacuna::test::lacuna("sample \"a cat \xc3\" --steps 1 --seed 1 --json --grid --model " +
                           quoted(model) + " --out " + quoted(out));
  INFO(o.err);
  REQUIRE(o.status == 0);
  std::istringstream lines(o.out);
  for (std::string line; std::getline(lines, line);) CHECK(nlohmann::json::accept(line));
  REQUIRE(pictures(out).size() == 2);
  CHECK(parameters(pictures(out)[0]).starts_with("a cat \xef\xbf\xbd\n"));
}
#endif

TEST_CASE("names in the folder that only look like numbers do not count" * needs_device()) {
  const fs::path out = scratch();
  std::ofstream(out / "9223372036854775807.png") << "a number of 63 bits";
  REQUIRE(lacuna::test::lacuna("sample \"a cat\" --steps 1 --seed 1 --out " + quoted(out)).status ==
          0);
  CHECK(fs::exists(out / "00000-1.png"));
}

TEST_CASE("the largest seed" * needs_device()) {
  const fs::path out = scratch();
  REQUIRE(lacuna::test::lacuna("sample \"a cat\" --steps 1 --seed 18446744073709551615 --out " +
                               quoted(out))
              .status == 0);
  CHECK(fs::exists(out / "00000-18446744073709551615.png"));
}

TEST_CASE("prompts from files" * needs_device()) {
  const fs::path folder = scratch(), out = scratch();
  std::ofstream(folder / "p.csv")
      << "case_number,prompt,evaluation_seed\n0,\"a red circle, please\",5\n1,a cat,6\n";
  const Outcome o = lacuna::test::lacuna("sample --steps 2 --from-file " +
                                         quoted(folder / "p.csv") + " --out " + quoted(out));
  INFO(o.err);
  REQUIRE(o.status == 0);
  const auto files = pictures(out);
  REQUIRE(files.size() == 2);
  CHECK(files[0].filename() == "00000-5.png");
  CHECK(parameters(files[0]).starts_with("a red circle, please\n"));
  CHECK(files[1].filename() == "00001-6.png");
}

TEST_CASE("a prompt that is too long is cut with a warning" * needs_device()) {
  std::string prompt;
  for (int i = 0; i < 40; i++) prompt += "red ";
  const Outcome o = lacuna::test::lacuna("sample \"" + prompt +
                                         "circle\" --steps 1 --seed 1 --out " + quoted(scratch()));
  CHECK(o.status == 0);
  CHECK(o.err.find("this was cut") != std::string::npos);
  CHECK(o.err.find("circle") != std::string::npos);
}

TEST_CASE("csv fields") {
  using Rows = std::vector<std::vector<std::string>>;
  const auto parse = [](const char* text) { return parse_csv(text, "test.csv"); };
  CHECK(parse("a,b\r\n1,\"x, \"\"y\"\"\nz\"\n\n,\n") ==
        Rows{{"a", "b"}, {"1", "x, \"y\"\nz"}, {"", ""}});
  CHECK(parse("").empty());
  CHECK(parse("one") == Rows{{"one"}});
  CHECK_THROWS_WITH_AS(parse("prompt\n\"a cat\na dog\n"),
                       doctest::Contains("test.csv: the quote opened in row 2"), InputError);
}
