// lacuna bench on one small line, with and without the embedded model.
#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "pictures/image.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;
using nlohmann::json;

namespace {

const std::string tiny = "bench --filter \"linear 4x128x256\" --repeat 2 --precision f32 ";

std::vector<json> objects(const std::string& text) {
  std::vector<json> all;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) all.push_back(json::parse(line));
  return all;
}

fs::path file_with(const std::string& text) {
  const fs::path file = scratch() / "baseline.json";
  std::ofstream(file) << text;
  return file;
}

}  // namespace

TEST_CASE("bench prints a table of 80 columns with the peaks first" * needs_device()) {
  const fs::path picture = scratch() / "new" / "roof.png";
  const Outcome o = lacuna::test::lacuna(tiny + "--roofline " + quoted(picture));
  INFO(o.out << o.err);
  REQUIRE(o.status == 0);
  std::istringstream lines(o.out);
  for (std::string line; std::getline(lines, line);)
    if (line.find(picture.string()) == std::string::npos) CHECK_MESSAGE(line.size() <= 80, line);
  const size_t fma = o.out.find("peak.fma"), copy = o.out.find("peak.copy");
  CHECK(fma < copy);
  CHECK(copy < o.out.find("linear        4x128x256       f32"));
  CHECK(load_image(picture).width > 500);
  const Outcome again = lacuna::test::lacuna(tiny + "--roofline " + quoted(picture));
  CHECK(again.status == 2);
  CHECK(again.err.find("--force") != std::string::npos);
}

TEST_CASE("bench as JSON is a baseline for the next run" * needs_device()) {
  const Outcome first = lacuna::test::lacuna(tiny + "--json");
  INFO(first.err);
  REQUIRE(first.status == 0);
  const std::vector<json> lines = objects(first.out);
  REQUIRE(lines.size() == 3);
  const json& line = lines[2];
  CHECK(line.at("kernel") == "linear");
  CHECK(line.at("runs") == 2);
  CHECK(line.at("flop").get<double>() == 2.0 * 4 * 128 * 256);
  for (const char* key : {"seconds", "cpu_seconds", "spread", "cpu_spread", "gflop_per_second",
                          "gb_per_second", "share_of_peak", "share_of_roof", "peak_gflop"})
    CHECK_MESSAGE(line.at(key).get<double>() >= 0, key);
  CHECK(line.at("seconds_least") <= line.at("seconds"));
  CHECK(line.at("seconds") <= line.at("seconds_most"));

  // One line of another shape was there before, and one of another kernel that no filter asks for.
  json old = line, other = line;
  old["shape"] = "4x128x256x1", other["kernel"] = "softmax";
  const fs::path file = file_with(first.out + old.dump() + "\n\n" + other.dump() + "\n");
  const Outcome second = lacuna::test::lacuna(tiny + "--json --compare " + quoted(file));
  INFO(second.err);
  REQUIRE(second.status == 0);
  const json event = objects(second.out).back();
  CHECK(event.at("event") == "compare");
  REQUIRE(event.at("lines").size() == 3);  // the peaks, too
  const json& compared = event.at("lines")[2];
  const double before = compared.at("old"), now = compared.at("new");
  CHECK(before == line.at(line.at("cpu_driver").get<bool>() ? "cpu_seconds" : "seconds"));
  CHECK(compared.at("ratio").get<double>() == doctest::Approx(now / before));
  CHECK(event.at("geometric_mean").get<double>() == doctest::Approx(now / before));
  CHECK(event.at("only_in_baseline") == json({"linear 4x128x256x1 f32"}));
  CHECK(event.at("not_in_baseline").empty());

  // What was compared is a baseline again; its event is passed over.
  const Outcome text = lacuna::test::lacuna("bench --filter \"linear 4x128x256\" --repeat 2 " +
                                            ("--compare " + quoted(file_with(second.out))));
  INFO(text.out << text.err);
  REQUIRE(text.status == 0);
  CHECK(text.out.find("geometric mean of 1 lines, without the peaks") != std::string::npos);
  if (text.out.find("f16") != std::string::npos)
    CHECK(text.out.find("not in the baseline: linear 4x128x256 f16") != std::string::npos);
}

TEST_CASE("bench measures whole programs" * needs_device()) {
  const std::string models = "bench --model pico --models --size 32x32 --repeat 2 ";
  const Outcome o = lacuna::test::lacuna(models + "--json --precision f32");
  INFO(o.err);
  REQUIRE(o.status == 0);
  const std::vector<json> lines = objects(o.out);
  REQUIRE(lines.size() == 6);
  const char* names[] = {"unet.forward", "unet.fwd+bwd", "esd.iteration", "vae.decode"};
  for (size_t i = 0; i < 4; i++) {
    CHECK(lines[i + 2].at("kernel") == names[i]);
    CHECK(lines[i + 2].at("model") == "pico");
    CHECK(lines[i + 2].at("flop").get<double>() > 1e6);
  }
  CHECK(lines[2].at("shape") == "2x8x8x4");
}

TEST_CASE("what bench cannot read or do is told in one sentence" * needs_device()) {
  const auto refuses = [](const std::string& arguments, const char* words) {
    const Outcome o = lacuna::test::lacuna(arguments);
    CAPTURE(o.err);
    CHECK(o.status == 2);
    CHECK(o.out.empty());
    CHECK(o.err.find(words) != std::string::npos);
    CHECK(std::ranges::count(o.err, '\n') == 1);
  };
  refuses(tiny + "--compare nowhere.json", "nowhere.json");
  refuses(tiny + "--compare " + quoted(file_with("")), "holds no measurement");
  refuses(tiny + "--compare " + quoted(file_with("{\"kernel\": \"linear\"}\n")), "line 1");
  refuses(tiny + "--compare " + quoted(file_with("\n{\"kernel\": \n")), "line 2");
  refuses(tiny + "--compare " + quoted(file_with("[1, 2]\n")), "line 1");
  refuses(tiny + "--compare " +
              quoted(file_with("{\"kernel\": \"a\", \"shape\": \"b\", \"dtype\": \"f32\", "
                               "\"seconds\": -1, \"cpu_seconds\": 1}\n")),
          "seconds");
  refuses(tiny + "--roofline roof.jpg", "must end in .png");
  refuses(tiny + "--models --model /no/such/folder", "/no/such/folder");
  refuses("bench --filter nothing-of-this-name", "nothing matches");
}
