// Named methods without lists of the user's: what they find, and what they say at their end. The
// anchor is given, so that less has to be tried; tests/cli/erase/auto.cpp has it chosen.
#include "base/tensors/tensor_file.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

Outcome run(const std::string& arguments, int status, const std::string& words) {
  const Outcome o = lacuna::test::lacuna("erase " + arguments);
  INFO("lacuna erase ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == status);
  CHECK((o.out + o.err).find(words) != std::string::npos);
  return o;
}

std::string option_of(const fs::path& edit, const std::string& name) {
  const TensorFile file = TensorFile::open(edit);
  const auto found = file.metadata().find("options." + name);
  return found == file.metadata().end() ? "" : found->second;
}

}  // namespace

TEST_CASE("a closed form finds its lists and measures its edit" * needs_device()) {
  const fs::path edit = scratch() / "e.safetensors";
  const Outcome o = run("uce --concept blue --guide purple --out " + quoted(edit), 0,
                        "\"blue\" is gone as far as the prediction tells, and the neighbours stay");
  CHECK(o.out.find("phrasings to learn from") != std::string::npos);
  CHECK(option_of(edit, "guide") == "purple");
  CHECK(option_of(edit, "prompts").find("a blue ") != std::string::npos);
  CHECK(option_of(edit, "retain").find("red") != std::string::npos);
  CHECK(fs::exists(edit.parent_path() / "e.run" / "decisions.json"));
  CHECK(!fs::exists(edit.parent_path() / "e.run" / "measured.safetensors"));
}

TEST_CASE("a method that trains says that it missed, leaves its edit and resumes alike" *
          needs_device()) {
  const fs::path edit = scratch() / "e.safetensors";
  const std::string esd =
      "esd --concept heart --anchor square --trajectories 2 --retain-trajectories 2 --steps 3 "
      "--retain-steps 3 --iterations 2 --seed 3 --out " +
      quoted(edit);
  run(esd, 1, "\"heart\" is not gone, and the neighbours stay");
  const std::string before = content(edit);
  CHECK(option_of(edit, "target") == "anchor");
  CHECK(option_of(edit, "anchors").find("square") != std::string::npos);
  CHECK(option_of(edit, "begin") == "closed form");
  // What is decided again is the same, or the state would not fit.
  run(esd + " --resume", 1, "try --iterations 4");
  CHECK(content(edit) == before);
}

TEST_CASE("clip needs no picture when it finds its lists" * needs_device()) {
  const fs::path edit = scratch() / "e.safetensors";
  const Outcome o = run("clip --concept blue --anchor purple --epochs 1 --out " + quoted(edit), 0,
                        "(T(c) - T*(a))^2 falls");
  CHECK(o.out.find("is gone as far as the prediction tells") != std::string::npos);
  CHECK(option_of(edit, "loss") == "states");
}

TEST_CASE("lists are the user's or lacuna's" * needs_device()) {
  const std::string out = " --out " + quoted(scratch() / "e.safetensors");
  run("uce --concept red --auto some" + out, 2, "lists or none");
  run("uce --concept red --auto lists --preserve cat" + out, 2, "does not go with --preserve");
  run("esd --concept red --auto lists --compat repo" + out, 2, "does not go with --compat");
  run("esd --concept red --auto none --kind style" + out, 2, "--kind belongs to lists");
  run("esd --concept red --target neutral --anchor blue" + out, 2, "leave out one of the two");
  run("clip --concept red --loss ascent" + out, 2, "ascent needs pictures");
  run("clip --concept red --auto none --loss states" + out, 2, "go together");
  run("inpaint --concept red --auto none --anchor blue" + out, 2, "leave it out");
  run("uce --concept red --guide \"a red star\"" + out, 2, "which is to be erased");
}
