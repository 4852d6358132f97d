// A training that is killed resumes where its state says, whatever trains.
#ifndef _WIN32
#include <cstdlib>
#include <string>

#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna::test;

namespace {

// SIGKILL as soon as the log has that iteration; the state then is of one before.
void killed_run_ends_alike(const std::string& arguments, int iteration) {
  const fs::path folder = scratch();
  const fs::path whole = folder / "whole.safetensors", killed = folder / "killed.safetensors";
  REQUIRE(lacuna::test::lacuna(arguments + "--out " + quoted(whole)).status == 0);
  const std::string log = (folder / "killed.run" / "run.jsonl").string();
  const std::string script =
      "\"" LACUNA_PROGRAM "\" " + arguments + "--out " + quoted(killed) +
      " > /dev/null 2>&1 & p=$!; for i in $(seq 6000); do grep -qs '\"iteration\":" +
      std::to_string(iteration) + "[,}]' \"" + log +
      "\" && break; sleep 0.02; done; kill -9 $p; wait $p 2> /dev/null; true";
  REQUIRE(std::system(script.c_str()) == 0);
  REQUIRE(fs::exists(folder / "killed.run" / "state.safetensors"));
  CHECK(!fs::exists(killed));
  const Outcome o = lacuna::test::lacuna(arguments + "--resume --out " + quoted(killed));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  CHECK(content(killed) == content(whole));
}

}  // namespace

TEST_CASE("a killed run resumes and ends in the bytes of an unbroken one" * needs_device()) {
  killed_run_ends_alike(
      "erase esd --concept red --params x-strict --steps 3 --trajectories 2 --batch 1 --iterations "
      "6 --auto none --lr 1e-4 --schedule constant --warmup 0 --eta 1 --save-every 2 --seed 3 ",
      3);
}

// Ten epochs of two iterations, of which the kill comes in time on any machine; the state is of the
// middle of an epoch.
TEST_CASE("a killed run of erase clip resumes in the middle of an epoch" * needs_device()) {
  killed_run_ends_alike(
      "erase clip --concept red --make flat:red --layers 3 --epochs 10 --batch 2 --make-count 4 "
      "--lr "
      "1e-3 --schedule constant --warmup 0 --save-every 3 --seed 3 ",
      4);
}
#endif
