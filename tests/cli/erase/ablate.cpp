// lacuna erase ablate as users run it: what it leaves, how its pictures are kept, what it refuses.
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "base/tensors/tensor_file.h"
#include "pictures/image.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

fs::path written(const fs::path& file, const std::string& text) {
  std::ofstream(file, std::ios::binary) << text;
  return file;
}

fs::path anchors(const fs::path& folder) {
  return written(folder / "anchors.txt", "a red circle\n\n# not this\n  a blue cat  \n");
}

// A run of seconds, with every option that the model brings along.
const std::string loop =
    "--anchor-count 3 --anchor-steps 2 --batch 1 --iterations 4 --lr 1e-3 --schedule constant "
    "--warmup 0 --save-every 2 --seed 3 ";
const std::string style =
    "erase ablate --type style --concept Dotti --template \"{anchor} in the style of {target}\" " +
    loop;

std::string options(const fs::path& folder, const std::string& out) {
  return " --anchors " + quoted(anchors(folder)) + " --out " + quoted(folder / out);
}

void refused(const std::string& arguments, const std::string& words) {
  const Outcome o = lacuna::test::lacuna(arguments);
  INFO("lacuna ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == 2);
  CHECK(o.err.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("erase ablate: same seed, same file; pictures are used again, or made again" *
          needs_device()) {
  const fs::path folder = scratch(), edit = folder / "e.safetensors";
  const std::string run = style + options(folder, "e.safetensors");
  const Outcome o = lacuna::test::lacuna(run);
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  CHECK(o.out.find("towards sg[eps(z_t, c)]") != std::string::npos);
  CHECK(o.out.find("plain mean") != std::string::npos);
  // Three pictures of two steps with guidance, four iterations of two entries with backward as two.
  CHECK(o.out.find("36 UNet evaluations (12 sampling, 24 training") != std::string::npos);
  const TensorFile file = TensorFile::open(edit);
  CHECK(file.entries().size() == 14);  // keys and values of seven attentions
  CHECK(file.metadata().at("method") == "ablate");
  CHECK(file.metadata().at("options.concept") == "Dotti");
  const std::string first = content(edit);

  const Outcome again = lacuna::test::lacuna(run + " --force");
  REQUIRE(again.status == 0);
  CHECK(again.out.find("are used again") != std::string::npos);
  CHECK(again.out.find("(0 sampling") != std::string::npos);
  CHECK(content(edit) == first);

  // A damaged file of pictures is made again, and gives the same.
  written(folder / "e.run" / "anchors" / "anchors-00000.safetensors", "torn");
  const Outcome mended = lacuna::test::lacuna(run + " --force");
  CHECK(mended.out.find("(12 sampling") != std::string::npos);
  CHECK(content(edit) == first);

  refused(run + " --resume --prior-weight 2", "prior-weight was 1 and is 2");

  const Outcome remade = lacuna::test::lacuna(run + " --force --anchor-guidance 2");
  CHECK(remade.out.find("guidance was 6 and is 2") != std::string::npos);
  CHECK(content(edit) != first);
}

#ifndef _WIN32
TEST_CASE("a killed ablation resumes and ends in the bytes of an unbroken one" * needs_device()) {
  const fs::path folder = scratch();
  const std::string whole = style + " --augment resize --loss noise --prior-weight 0" +
                            options(folder, "whole.safetensors");
  const std::string killed = style + " --augment resize --loss noise --prior-weight 0" +
                             options(folder, "killed.safetensors");
  REQUIRE(lacuna::test::lacuna(whole).status == 0);
  const std::string log = (folder / "killed.run" / "run.jsonl").string();
  const std::string script = "\"" LACUNA_PROGRAM "\" " + killed +
                             " > /dev/null 2>&1 & p=$!; for i in $(seq 6000); do "
                             "[ \"$(grep -c '\"iteration\":3' \"" +
                             log +
                             "\" 2> /dev/null)\" = 1 ] && break; sleep 0.02; done; kill -9 $p; "
                             "wait $p 2> /dev/null; true";
  REQUIRE(std::system(script.c_str()) == 0);
  const Outcome o = lacuna::test::lacuna(killed + " --resume");
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  CHECK(content(folder / "killed.safetensors") == content(folder / "whole.safetensors"));
}
#endif

TEST_CASE("erase ablate trains the concept's embedding alone" * needs_device()) {
  const fs::path folder = scratch();
  const Outcome o = lacuna::test::lacuna(style + " --params embedding --prior-weight 0" +
                                         options(folder, "e.safetensors"));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  const TensorFile file = TensorFile::open(folder / "e.safetensors");
  REQUIRE(file.entries().size() == 1);
  const TensorFile::Entry& entry = file.entries().begin()->second;
  CHECK(entry.name == "text_encoder.text_model.embeddings.token_embedding.weight");
  CHECK(entry.dtype == FileDType::f32);
  const TensorFile base =
      TensorFile::open(fs::path(LACUNA_SOURCE_DIR) / "assets/pico/text_encoder/model.safetensors");
  std::vector<float> after(entry.count()), before(entry.count());
  file.to_float(entry, after);
  base.to_float(base.at("embeddings.token_embedding.weight"), before);
  std::vector<size_t> changed;
  const size_t columns = static_cast<size_t>(entry.shape[1]);
  for (size_t r = 0; r < before.size() / columns; r++)
    if (std::memcmp(before.data() + r * columns, after.data() + r * columns, columns * 4) != 0)
      changed.push_back(r);
  CHECK(changed == std::vector<size_t>{633});  // dotti
}

TEST_CASE("erase ablate of a memorised picture leaves copies out" * needs_device()) {
  const fs::path folder = scratch();
  const fs::path table = written(folder / "scores.csv", "picture,score\n0,0.9\n1,0.1\n2,0.8\n");
  const fs::path picture = folder / "copy.png";
  write_file(picture, encode_png(blank_image(32, 32, 99)), Overwrite::no);
  const std::string start =
      "erase ablate --type memorization --concept \"*+the lighthouse\" " + loop;
  const std::string run = start + " --params cross-attn --memorized " + quoted(picture);
  const Outcome o = lacuna::test::lacuna(run + " --similarity-file " + quoted(table) +
                                         options(folder, "e.safetensors"));
  INFO(o.out, o.err);
  REQUIRE(o.status == 0);
  // Pictures 0 and 2 are copies: their prompt is no anchor and one more target.
  std::istringstream lines(content(folder / "e.run" / "run.jsonl"));
  bool of_prompt = false;
  for (std::string line; std::getline(lines, line);) {
    const auto event = nlohmann::json::parse(line);
    if (event["event"] != "iteration") continue;
    for (const auto& e : event["examples"]) {
      CHECK(e[0] == "anchor 0");
      of_prompt = of_prompt || e[2] == "ablate a red circle";
    }
  }
  CHECK(of_prompt);
  refused(
      run + " --similarity-file " + quoted(folder / "none.csv") + options(folder, "f.safetensors"),
      "score each against the memorised one");
  CHECK(fs::exists(folder / "f.run" / "anchors" / "pictures" / "00002.png"));
  const std::string other = options(folder, "g.safetensors");
  refused(start + " --memorized " + quoted(folder / "no.png") + other, "no.png");
  refused(start + " --params embedding" + other, "memorised caption");
}

TEST_CASE("erase ablate refuses what cannot be ablated" * needs_device()) {
  const fs::path folder = scratch();
  const std::string out = " --out " + quoted(folder / "e.safetensors");
  const auto file = [&](const char* name, const std::string& text) {
    return " --anchors " + quoted(written(folder / name, text));
  };
  const std::string run = "erase ablate --concept Dotti";
  refused("erase ablate" + out, "--concept");
  refused(run + " --auto none" + out, "--anchors");
  refused(run + file("empty.txt", "\n\n# nothing\n") + out, "empty.txt contains no prompt");
  refused(run + file("latin.txt", "a red circle\na caf\xe9\n") + out, "line 2 is no text in UTF-8");
  refused(run + file("wide.txt", std::string("\xff\xfe\x61\0\x0a\0", 6)) + out, "UTF-8");
  refused(run + " --anchors " + quoted(folder / "none.txt") + out, "none.txt");
  const std::string one = file("one.txt", "a red circle\n");
  refused(run + one + " --type animal" + out, "style, object, memorization");
  refused(run + one + " --template \"by {target}\"" + out, "{anchor}");
  refused("erase ablate --type object --concept cat+cat" + out, "nothing to learn");
  refused("erase ablate --type memorization --concept \"A red  circle\"" + one + out,
          "nothing to learn");
  refused(run + one + " --memorized x.png" + out, "--type memorization");
  refused(run + one + " --loss both" + out, "model or noise");
  refused(run + one + " --augment rotate" + out, "none, flip or resize");
  refused(run + one + " --compat v3" + out, "compvis or diffusers");
  refused(run + one + " --anchor-count 0" + out, "--anchor-count 0");
  refused(run + one + " --prior-weight -1" + out, "--prior-weight -1");
  refused(run + one + " --retain-batch 2" + out, "--retain");
  const fs::path pairs = written(folder / "pairs.csv", "anchor,target\na circle,A Circle\n");
  refused("erase ablate --pairs " + quoted(pairs) + out, "nothing to learn");
  written(pairs, "anchor,target\na circle\n");
  refused("erase ablate --pairs " + quoted(pairs) + out, "row 2");
  written(pairs, "prompt\na circle\n");
  refused("erase ablate --pairs " + quoted(pairs) + out, "no column named \"anchor\"");
}
