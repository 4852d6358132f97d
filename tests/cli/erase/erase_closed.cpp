// lacuna erase uce, rece and speed on pico, as users run them.
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

const std::string red = " --concept red --guide cyan --preserve \"a blue square\" --preserve cat ";

void refused(const std::string& arguments, const std::string& words) {
  const Outcome o = lacuna::test::lacuna("erase " + arguments);
  INFO("lacuna erase ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == 2);
  CHECK(o.err.find(words) != std::string::npos);
}

fs::path text_file(const std::string& text) {
  const fs::path file = scratch() / "texts.txt";
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

}  // namespace

TEST_CASE("closed forms leave edits of keys and values, the same bytes every time" *
          needs_device()) {
  for (const std::string method : {"uce", "rece", "speed"}) {
    INFO(method);
    const fs::path edit = scratch() / "e.safetensors";
    const std::string run = "erase " + method + red + "--params KV --out " + quoted(edit);
    const Outcome o = lacuna::test::lacuna(run);
    INFO(o.out, o.err);
    REQUIRE(o.status == 0);
    CHECK(o.out.find(method == "speed" ? "M = (T P" : "|W' c - W a|^2") != std::string::npos);
    CHECK(o.out.find("no training, no UNet evaluation") != std::string::npos);
    const TensorFile file = TensorFile::open(edit);
    CHECK(file.entries().size() == 14);
    CHECK(file.metadata().at("method") == method);
    CHECK(file.metadata().at("options.concept") == "red");
    CHECK(file.metadata().at("options.guide") == "cyan");
    CHECK(file.metadata().at("options.params") == "kv");
    CHECK(file.metadata().at("base_model_hash").size() == 32);
    CHECK(lacuna::test::lacuna(run).status == 2);
    const std::string before = content(edit);
    CHECK(lacuna::test::lacuna(run + " --force").status == 0);
    CHECK(content(edit) == before);
    CHECK(lacuna::test::lacuna("sample \"a red circle\" --steps 1 --edit " + quoted(edit) +
                               " --out " + quoted(scratch() / "p.png"))
              .status == 0);
  }
}

TEST_CASE("a hundred concepts in one call, from a file" * needs_device()) {
  std::string lines = "# artists\n\n";
  for (int i = 0; i < 100; i++) lines += fmt::format("painter number {}\n\n", i);
  const fs::path edit = scratch() / "e.safetensors";
  const Outcome o =
      lacuna::test::lacuna("erase speed --auto none --params k --json --concepts-file " +
                           quoted(text_file(lines)) + " --out " + quoted(edit));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  CHECK(o.out.find("100 phrasings") != std::string::npos);
  CHECK(o.out.find("and 95 more") != std::string::npos);
  CHECK(TensorFile::open(edit).entries().size() == 7);
}

TEST_CASE("closed forms refuse what they cannot do, and write nothing" * needs_device()) {
  const fs::path folder = scratch();
  const std::string out = " --out " + quoted(folder / "e.safetensors");
  refused("uce" + out, "nothing to erase");
  refused("uce --concept red --guide RED" + out, "its own guide");
  refused("uce --concept red --params q" + out, "k, v or kv");
  refused("uce --concept red --tokens first" + out, "last or all");
  refused("uce --concept red --preserve red" + out, "to be erased and to be preserved");
  refused("uce --concept \"\" --guide cyan" + out, "a concept is empty");
  refused("uce --concept red --guide a --guide b" + out, "2 guides");
  refused("uce --auto none --concept red --lambda 0" + out, "larger --lambda");
  refused("uce --auto none --concept red --lambda nan" + out, "--lambda");
  refused("uce --concept red --expand-prompts song" + out, "art or object");
  refused("uce --concept red --retain /no/such/file.txt" + out, "file.txt");
  refused("uce --concepts-file " + quoted(text_file("\n# none\n\n")) + out, "contains no prompt");
  refused("uce --concepts-file " + quoted(text_file(std::string("r\0e\0d\0", 6))) + out, "UTF-8");
  refused("rece --concept red --epochs 1000" + out, "--epochs");
  refused("speed --concept red --retain-scale 0" + out, "--retain-scale");
  refused("speed --concept red --out e.pt", ".safetensors");
  CHECK(fs::is_empty(folder));
}
