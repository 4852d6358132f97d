// lacuna erase esd as users run it: what it leaves, what it refuses.
#include <nlohmann/json.hpp>

#include "base/tensors/tensor_file.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

// A run of seconds. Options that the model brings along are given, so that they do not matter.
const std::string small =
    "erase esd --concept red --params x-strict --steps 3 --trajectories 2 --batch 1 --iterations 6 "
    "--lr 1e-4 --schedule constant --warmup 0 --eta 1 --save-every 2 --seed 3 --auto none ";

Outcome refused(const std::string& arguments, int status, const std::string& words) {
  const Outcome o = lacuna::test::lacuna(arguments);
  INFO("lacuna ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == status);
  CHECK(o.err.find(words) != std::string::npos);
  return o;
}

}  // namespace

TEST_CASE("erase esd leaves an edit, a log, a loss curve and a state" * needs_device()) {
  const fs::path folder = scratch(), edit = folder / "e.safetensors";
  const Outcome o = lacuna::test::lacuna(small + "--out " + quoted(edit));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  CHECK(o.out.find("UNet evaluations") != std::string::npos);
  const TensorFile file = TensorFile::open(edit);
  CHECK(file.entries().size() == 14);  // k and v of seven attentions
  for (const auto& [name, entry] : file.entries()) {
    CHECK(name.find(".attn2.to_") != std::string::npos);
    CHECK(entry.dtype == FileDType::f16);
  }
  CHECK(file.metadata().at("method") == "esd");
  CHECK(file.metadata().at("options.concept") == "red");
  CHECK(file.metadata().at("options.seed") == "3");
  CHECK(file.metadata().at("base_model_hash").size() == 32);
  CHECK(fs::file_size(folder / "e.run" / "loss.png") > 1000);
  CHECK(fs::exists(folder / "e.run" / "state.safetensors"));
  std::istringstream lines(content(folder / "e.run" / "run.jsonl"));
  int iterations = 0;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event["event"] == "iteration") CHECK(event["iteration"] == ++iterations);
  }
  CHECK(iterations == 6);

  SUBCASE("the same again is refused, and gives the same bytes when forced") {
    refused(small + "--out " + quoted(edit), 2, "exists already");
    const std::string before = content(edit);
    CHECK(lacuna::test::lacuna(small + "--force --out " + quoted(edit)).status == 0);
    CHECK(content(edit) == before);
  }
  SUBCASE("going on with other options is refused, and the difference is named") {
    refused(small + "--resume --clip 1 --out " + quoted(edit), 2, "clip was 0 and is 1");
  }
}

TEST_CASE("--plan-only foretells the memory of a run" * needs_device()) {
  const fs::path folder = scratch();
  const Outcome plan = lacuna::test::lacuna(small + "--plan-only --json");
  const Outcome run =
      lacuna::test::lacuna(small + "--json --out " + quoted(folder / "e.safetensors"));
  REQUIRE(plan.status == 0);
  REQUIRE(run.status == 0);
  const auto last = [](const std::string& out) {
    const std::string text = out.substr(0, out.find_last_not_of('\n') + 1);
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1));
  };
  const double predicted = last(plan.out)["peak_bytes"], used = last(run.out)["peak_bytes"];
  CHECK(std::abs(predicted / used - 1) < 0.02);
}

TEST_CASE("erase refuses what cannot be erased or trained" * needs_device()) {
  const std::string out = " --out " + quoted(scratch() / "e.safetensors");
  const std::string red = "erase esd --concept red --auto none --iterations 2 --warmup 0 " + out;
  refused("erase esd" + out, 2, "--concept");
  refused("erase esd --auto none --concept \"\"" + out, 2, "no token");
  refused(red + " --params attn3", 2, "attn2");
  refused(red + " --params \"\"", 2, "lacuna");
  refused(red + " --lr 7", 2, "--lr 7");
  refused(red + " --lr -1", 2, "--lr");
  refused(red + " --eta -3", 2, "--eta -3");
  refused(red + " --iterations 0", 2, "--iterations");
  refused(red + " --rank 100000", 2, "--rank");
  refused(red + " --trajectory both", 2, "frozen or edited");
  refused(red + " --compat v3", 2, "paper, repo or alt");
  refused(red + " --direction up", 2, "concept or phrasing");
  refused(red + " --prompts /no/such/file.txt", 2, "file.txt");
  refused("erase esd --concept red --out e.bin", 2, ".safetensors");
  refused(red + " --resume", 2, "nothing to resume");
}
