// lacuna erase without a method, on pico, as users run it.
#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/tensors/tensor_file.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

void refused(const std::string& arguments, const std::string& words, int status = 2) {
  const Outcome o = lacuna::test::lacuna("erase " + arguments);
  INFO("lacuna erase ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == status);
  CHECK(o.err.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("a concept is erased by its name alone, and the goal decides the exit status" *
          needs_device()) {
  const fs::path edit = scratch() / "blue.safetensors";
  const Outcome o = lacuna::test::lacuna(
      "erase --concept blue --images 0 --until 0.2 --drift 0.2 --out " + quoted(edit));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  for (const char* words : {"\"blue\" is taken for an attribute",
                            "neighbours that stay: ", "takes its place: ", "closed form: pull 0.",
                            "is gone as far as the prediction tells"})
    CHECK(o.out.find(words) != std::string::npos);
  const TensorFile file = TensorFile::open(edit);
  CHECK(file.entries().size() == 14);  // keys and values
  CHECK(file.metadata().at("method") == "erase");
  CHECK(file.metadata().at("options.concept") == "blue");
  CHECK(file.metadata().at("options.stage") == "closed form");
  const auto decisions =
      nlohmann::json::parse(content(edit.parent_path() / "blue.run" / "decisions.json"));
  REQUIRE(decisions.size() == 1);
  CHECK(decisions[0]["kind"] == "attribute");
  CHECK(decisions[0]["learned"].size() > 40);
  // It exists now.
  refused("--concept blue --out " + quoted(edit), "exists already");

  const fs::path missed = scratch() / "missed.safetensors";
  refused("--concept blue --anchor purple --images 0 --until 0.0001 --budget 510 --out " +
              quoted(missed),
          "\"blue\" is not gone", 1);
  CHECK(fs::exists(missed));
  // The text encoder was trained as far as the budget went, and nothing was left for the UNet.
  const std::string log =
      content(missed.parent_path() / "missed.run" / "text-encoder" / "run.jsonl");
  CHECK(log.find("\"iteration\":") != std::string::npos);
}

TEST_CASE("erase: what contradicts itself is refused before anything is made" * needs_device()) {
  const fs::path out = scratch() / "e.safetensors";
  const std::string to = " --out " + quoted(out);
  refused("", "there is nothing to erase");
  refused("--concept red --concept \" Red\"" + to, "is named twice");
  refused("--concept red --concept blue --concept pink --anchor cyan --anchor green" + to,
          "2 anchors do not go with 3 concepts");
  refused("--concept red --anchor red" + to, "is its own anchor");
  refused("--concept red --anchor \"a red star\"" + to, "which is to be erased");
  refused("--concept \"\"" + to, "the concept is empty");
  refused("--concept red --until 2" + to, "--until 2 is out of range");
  refused("--concept red --budget 10" + to, "give at least");
  refused("--concept red esd", "--concept stands before 'esd'");
  refused("esd --concept red --auto none --target anchor" + to, "go together");
  refused("esd --concept red --auto none --target neutral --anchor blue" + to, "go together");
  refused("esd --concept red --anchor blue --compat repo" + to, "leave --target out");
  refused("esd --concept red --anchor blue --from purple" + to, "leave it out");
  const fs::path file = scratch() / "retain.txt";
  std::ofstream(file) << "a red circle\n";
  refused("--concept red --retain " + quoted(file) + to, "is to stay and names");
  std::ofstream(file, std::ios::binary) << "\xff\xfe\n";
  refused("--concept red --retain " + quoted(file) + to, "UTF-8");
  CHECK(!fs::exists(out));
}
