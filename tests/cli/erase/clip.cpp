// lacuna erase clip as users run it, and its edits in the verbs that draw.
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/file.h"
#include "base/tensors/tensor_file.h"
#include "pictures/image.h"
#include "tests/cli/run.h"
#include "tests/device.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;

namespace {

// A run of seconds. Options that the model brings along are given, so that they do not matter.
const std::string base =
    "erase clip --concept red --epochs 2 --batch 2 --lr 1e-3 --schedule constant --warmup 0 "
    "--seed 3 --make-count 4 ";
const std::string small = base + "--make flat:red --layers 3 ";

Outcome run(const std::string& arguments, int status = 0, const std::string& words = "") {
  const Outcome o = lacuna::test::lacuna(arguments);
  INFO("lacuna ", arguments);
  INFO(o.out, o.err);
  CHECK(o.status == status);
  CHECK((o.out + o.err).find(words) != std::string::npos);
  return o;
}

}  // namespace

TEST_CASE("erase clip leaves an edit of every epoch, and they are drawn in rows" * needs_device()) {
  const fs::path folder = scratch(), edit = folder / "e.safetensors";
  const Outcome o = run(small + "--pull --export-encoder " + quoted(folder / "encoder") +
                        " --out " + quoted(edit));
  REQUIRE(o.status == 0);
  CHECK(o.out.find("epoch 2, pull of the concept ") != std::string::npos);
  const TensorFile file = TensorFile::open(edit);
  CHECK(file.entries().size() == 16);
  for (const auto& [name, entry] : file.entries())
    CHECK(name.starts_with("text_encoder.text_model.encoder.layers.3."));
  CHECK(file.metadata().at("method") == "clip");
  CHECK(file.metadata().at("options.images") == "flat:red");
  CHECK(file.metadata().at("base_text_encoder_hash").size() == 32);
  for (const char* name : {"epoch-1.safetensors", "epoch-2.safetensors", "epochs.png", "loss.png"})
    CHECK(fs::exists(folder / "e.run" / name));
  CHECK(content(folder / "e.run" / "epoch-1.safetensors") !=
        content(folder / "e.run" / "epoch-2.safetensors"));
  CHECK(fs::exists(folder / "encoder" / "config.json"));
  CHECK(TensorFile::open(folder / "encoder" / "model.safetensors").entries().size() == 68);

  SUBCASE("the same again gives the same bytes") {
    const std::string before = content(edit),
                      one = content(folder / "e.run" / "epoch-1.safetensors");
    run(small + "--force --out " + quoted(edit));
    CHECK(content(edit) == before);
    CHECK(content(folder / "e.run" / "epoch-1.safetensors") == one);
  }
  SUBCASE("drawn with, without and at no strength") {
    const std::string draw = "sample \"a red circle\" --steps 2 --seed 5 --out ";
    const fs::path plain = folder / "plain.png", with = folder / "with.png",
                   none = folder / "none.png";
    run(draw + quoted(plain));
    run(draw + quoted(with) + " --edit " + quoted(edit));
    run(draw + quoted(none) + " --edit " + quoted(fs::path(edit.string() + ":0")));
    CHECK(load_image(none) == load_image(plain));
    CHECK(load_image(with) != load_image(plain));
    // A pattern, which the program expands itself: original and two epochs of two seeds.
    const fs::path out = folder / "rows";
    const std::string rows = " --steps 2 --seed 5 --count 2 --grid --compare ";
    run("sample \"a red circle\"" + rows + "--out " + quoted(out) + " --edit " +
        quoted(folder / "e.run" / "epoch-*.safetensors"));
    CHECK(load_image(out / "00000-5.png") == load_image(plain));
    CHECK(load_image(out / "00004-5.png") == load_image(with));
    CHECK(load_image(out / "grid-00000.png").height >= 3 * 160);
    // As a shell expands it, with the prompt behind.
    const fs::path listed = folder / "listed";
    run("sample" + rows + "--out " + quoted(listed) + " --edit " +
        quoted(folder / "e.run" / "epoch-1.safetensors") + " " +
        quoted(folder / "e.run" / "epoch-2.safetensors") + " \"a red circle\"");
    CHECK(content(listed / "grid-00000.png") == content(out / "grid-00000.png"));
    run("sample \"a cat\" --edit " + quoted(folder / "none-*.safetensors"), 2, "no file matches");
  }
  SUBCASE("diff and eval take it") {
    run("diff " + quoted(edit) + " --out " + quoted(folder / "diff.png"), 0,
        "text_encoder..layers.3.self_attn.out_proj.weight ");
    write_file(folder / "t.txt", std::string_view("a red circle\n"), Overwrite::no);
    run("eval --edit " + quoted(edit) + " --targets " + quoted(folder / "t.txt") +
        " --count 1 --steps 2 --out " + quoted(folder / "eval"));
  }
}

TEST_CASE("erase clip stops where the pull is small enough, and other epochs can be exported" *
          needs_device()) {
  const fs::path folder = scratch(), edit = folder / "e.safetensors";
  const std::string stopping = small + "--stop-pull 10 --out " + quoted(edit);
  run(stopping);
  CHECK(fs::exists(folder / "e.run" / "epoch-1.safetensors"));
  CHECK_FALSE(fs::exists(folder / "e.run" / "epoch-2.safetensors"));
  const std::string before = content(edit);
  const std::string again =
      stopping + " --resume --export-encoder " + quoted(folder / "x") + " --export-epoch ";
  run(again + "1", 0, "the text encoder of epoch 1");
  CHECK(content(edit) == before);
  run(again + "7", 2, "has epochs 1 to 1");
}

TEST_CASE("erase clip on a folder with a broken picture" * needs_device()) {
  const fs::path folder = scratch(), pictures = scratch();
  write_file(pictures / "a.png", encode_png(blank_image(50, 70, 180)), Overwrite::no);
  write_file(pictures / "b.png", std::string_view("broken"), Overwrite::no);
  const std::string images =
      base + "--layers mlp --out " + quoted(folder / "e.safetensors") + " --images ";
  run(images + quoted(pictures), 0, "1 of 2 pictures skipped");
  fs::remove(pictures / "a.png");
  run(images + quoted(pictures) + " --force", 2, "none of the 1 pictures");
}

TEST_CASE("erase clip refuses bad input" * needs_device()) {
  const std::string out = " --out " + quoted(scratch() / "e.safetensors");
  const std::string red = base + out;
  run("erase clip --make flat:red" + out, 2, "--concept");
  run(red + " --auto none", 2, "--images");
  run(red + " --make flat:red --layers 4", 2, "its layers are 0 to 3");
  run(red + " --make flat:red --layers x", 2, "a set of the UNet");
  run(red + " --make flat:rad", 2, "choose red");
  run(red + " --make flat:red --images .", 2, "not both");
  run(red + " --make flat:red --loss esd", 2, "leave --images and --make out");
  run(red + " --make flat:red --loss up", 2, "ascent, esd or states");
  run(red + " --make flat:red --stop-pull 11", 2, "--stop-pull 11");
  run(red + " --make flat:red --compat compvis", 2, "choose lethe");
  run(red + " --make flat:red --compat lethe --stop-pull 0", 2, "knows no --stop-pull");
  run(red + " --images /no/such/folder", 2, "/no/such/folder");
}

TEST_CASE("erase clip --compat lethe trains everything" * needs_device()) {
  const fs::path edit = scratch() / "e.safetensors";
  run(base + "--make flat:red --compat lethe --out " + quoted(edit), 0, "68 tensors");
}

TEST_CASE("erase clip --plan-only foretells the memory of a run" * needs_device()) {
  const auto peak = [](const std::string& arguments) {
    const Outcome o = run(small + "--pull --json " + arguments);
    const std::string text = o.out.substr(0, o.out.find_last_not_of('\n') + 1);
    return nlohmann::json::parse(text.substr(text.rfind('\n') + 1)).at("peak_bytes").get<double>();
  };
  const double predicted = peak("--plan-only");
  CHECK(std::abs(predicted / peak("--out " + quoted(scratch() / "e.safetensors")) - 1) < 0.02);
}

TEST_CASE("layers map: a row for each layer, its attention and its MLP" * needs_device()) {
  const fs::path folder = scratch(), neighbours = folder / "n.txt";
  write_file(neighbours, std::string_view("## an apple\nan apple\n## shapes\na circle\n"),
             Overwrite::no);
  const std::string map =
      "layers map --concept red --make flat:red --make-count 1 --epochs 1 "
      "--batch 1 --lr 1e-3 --neighbours " +
      quoted(neighbours) + " --out " + quoted(folder / "map");
  run(map + " --measure pull", 0, "layer 3 mlp");
  const auto report = nlohmann::json::parse(content(folder / "map" / "map.json"));
  CHECK(report.at("columns") == nlohmann::json{"target", "an apple", "shapes"});
  REQUIRE(report.at("rows").size() == 12);
  for (const auto& row : report.at("rows")) CHECK(row.at("drops").size() == 3);
  CHECK(load_image(folder / "map" / "map.png").height > 12 * 36);
  run(map, 2, "map.png exists");
  run(map + " --force --measure words", 2, "pictures or pull");
  run("layers map --make flat:red", 2, "--concept");
}

TEST_CASE("the help of what is new fits 80 columns") {
  for (const char* verb : {"erase clip", "layers map", "sample"}) {
    std::istringstream lines(run(verb + std::string(" --help")).out);
    for (std::string line; std::getline(lines, line);) CHECK(line.size() <= 80);
  }
}
