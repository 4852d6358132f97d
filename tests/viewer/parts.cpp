// What needs no window: scripts, settings, the form of Erase, previews, painted regions.
#include <algorithm>
#include <fstream>

#include "base/error.h"
#include "base/file.h"
#include "jobs/draw/parameters.h"
#include "jobs/erase/verbs.h"
#include "tests/device.h"
#include "tests/temporary.h"
#include "viewer/mask.h"
#include "viewer/panels/erase_form.h"
#include "viewer/panels/path_field.h"
#include "viewer/script.h"
#include "viewer/settings.h"
#include "viewer/worker/latent_preview.h"
#include "viewer/worker/log_lines.h"

using namespace lacuna;
using namespace lacuna::viewer;
using namespace lacuna::test;

namespace {

std::filesystem::path pico() {
  return std::filesystem::path(LACUNA_SOURCE_DIR) / "assets" / "pico";
}

std::string why(const std::string& script) {
  try {
    parse_script(script, "s");
  } catch (const InputError& e) { return e.what(); }
  return "";
}

}  // namespace

TEST_CASE("scripts: words, comments, and what is no action") {
  const auto lines = parse_script("# a comment\n\nclick \"Draw both\" 0.5 1\r\n  type \"\"\n", "s");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].number == 3);
  CHECK(lines[0].words == std::vector<std::string>{"click", "Draw both", "0.5", "1"});
  CHECK(lines[1].words == std::vector<std::string>{"type", ""});
  CHECK(why("quit\ndance\n").find("line 2: 'dance' is no action") != std::string::npos);
  CHECK(why("drag X 1 2\n").find("takes 5 to 5 words") != std::string::npos);
  CHECK(why("key ctrl+hyper\n").find("is no key") != std::string::npos);
}

TEST_CASE("settings survive a round trip and any file") {
  const tests::TemporaryFolder folder;
  const std::filesystem::path file = folder / "deep/settings.json";
  Settings s;
  s.dark = false;
  s.model = "/models/ü";
  s.form.prompt = "a \"red\" circle\n";
  s.form.seed = UINT64_MAX;
  s.form.sampler = "euler_a";
  s.erase.options["esd"]["--concept"] = "red";
  s.browser = {{{"edits", "/edits/ü"}, {"", "/"}}, true};
  s.save(file);
  const Settings t = Settings::load(file);
  CHECK(t.dark == false);
  CHECK(t.model == s.model);
  CHECK(t.form.prompt == s.form.prompt);
  CHECK(t.form.seed == UINT64_MAX);
  CHECK(t.form.sampler == "euler_a");
  CHECK(t.erase.options == s.erase.options);
  CHECK(t.browser.folders == s.browser.folders);
  CHECK(t.browser.hidden);
  for (const char* broken :
       {"", "{", "[]", "{\"sample\": 3}", "{\"sample\": {\"steps\": 1e99, \"sampler\": \"none\"}}",
        "{\"window\": {\"width\": -5}, \"browser\": {\"folders\": {\"edits\": [3]}}, \"erase\": "
        "{\"options\": {\"esd\": [1]}}}"}) {
    std::ofstream(folder / "s.json") << broken;
    const Settings u = Settings::load(folder / "s.json");
    CHECK(u.form.steps == 25);
    CHECK(u.form.sampler == "ddim");
    CHECK(u.window.width > 0);
  }
}

TEST_CASE("the form of Erase is the verb's own") {
  const std::vector<EraseMethod> methods = erase_methods(pico());
  const auto esd = std::ranges::find(methods, "esd", &EraseMethod::name);
  REQUIRE(esd != methods.end());
  EraseForm form;
  form.options["esd"] = {{"--concept", "red\n it's red "}, {"--recompute", "yes"}, {"--lr", ""}};
  CHECK(command_text(*esd, erase_values(*esd, form, "m", "", "auto", true)) ==
        "lacuna erase esd --concept red --concept ' it'\\''s red ' --recompute --model m --resume");
  // pico's own default, where the verb's is another.
  CHECK(value_of(*esd, form, "--iterations") == "900");
  CHECK(value_of(*esd, form, "--out") == "edit.safetensors");
  CHECK(run_folder(*esd, form) == "edit.run");
  // What chooses the method itself comes first and has no name at the command line.
  form.options[automatic_method] = {{"--concept", "blue"}};
  CHECK(methods.front().name == automatic_method);
  CHECK(command_text(methods.front(), erase_values(methods.front(), form, "", "", "auto", false)) ==
        "lacuna erase --concept blue");
  for (const EraseMethod& m : methods) {
    INFO(m.name);
    CHECK(std::ranges::any_of(m.fields, [](const auto& f) { return f.flag == "--concept"; }));
    for (const EraseField& f : m.fields) CHECK(!f.about.empty());
  }
}

TEST_CASE("the browser is told what an option of Erase asks for") {
  for (const EraseMethod& m : erase_methods(pico()))
    for (const EraseField& f : m.fields) {
      INFO(m.name, " ", f.flag, " ", f.type);
      const auto request = browse_request(f.flag, f.type);
      const bool path = f.type.find("FILE") != std::string::npos ||
                        f.type.find("DIR") != std::string::npos || f.flag == "--mask";
      REQUIRE(request.has_value() == path);
      if (!request) continue;
      if (f.type == "DIR") CHECK(request->choose == Choose::folder);
      if (f.flag == "--out") CHECK(request->choose == Choose::save);
    }
  CHECK(browse_request("--out", "FILE")->ending == ".safetensors");
  CHECK(browse_request("--prompts", "FILE")->kind == FileKind::texts);
  CHECK(browse_request("--mask", "TEXT")->kind == FileKind::images);
  CHECK(browse_request("--edit", "FILE[:X]")->kind == FileKind::edits);
  CHECK(browse_request("--model", "DIR|FILE")->choose == Choose::file_or_folder);
  CHECK_FALSE(browse_request("--concept", "TEXT"));
}

TEST_CASE("a preview has the colours of the picture" * needs_device()) {
  StableDiffusion model(device(), pico(), Precision::f32);
  const LatentPreview preview(model);
  // Halves of two colours, through the encoder and back as a preview.
  Image image = blank_image(64, 64, 0);
  for (int y = 0; y < 64; y++)
    for (int x = 0; x < 64; x++) {
      uint8_t* pixel = &image.rgb[static_cast<size_t>((y * 64 + x) * 3)];
      pixel[0] = x < 32 ? 220 : 30;
      pixel[1] = 40;
      pixel[2] = x < 32 ? 30 : 200;
    }
  const LatentSize size = model.latent_size(64, 64);
  const Image seen = preview(model.encode(image), size);
  REQUIRE(seen.width == size.width);
  const auto colour = [&](int x) {
    return &seen.rgb[static_cast<size_t>((8 * seen.width + x) * 3)];
  };
  CHECK(colour(3)[0] > colour(3)[2] + 100);
  CHECK(colour(12)[2] > colour(12)[0] + 100);
}

TEST_CASE("a region is painted, rubbed out and dropped with another size") {
  Mask mask;
  mask.fit(32, 16);
  CHECK(mask.inside().empty());
  mask.stroke({4, 8}, {28, 8}, 3, true);
  const std::vector<float> inside = mask.inside();
  REQUIRE(inside.size() == 32 * 16);
  CHECK(inside[8 * 32 + 16] == 1);
  CHECK(inside[0] == 0);
  mask.stroke({-50, 8}, {90, 8}, 40, false);
  CHECK(mask.empty());
  mask.stroke({4, 8}, {4, 8}, 2, true);
  mask.fit(16, 16);
  CHECK(mask.empty());
  // From an image: what is inside by half at least.
  mask.take({"", 2, 2, {0, 0.49f, 0.5f, 1}, ""});
  CHECK(mask.inside() == std::vector<float>{0, 0, 1, 1});
  mask.clear();
  CHECK(mask.empty());
}

TEST_CASE("a picture's settings are read back from its text, and any text is survived") {
  const ReadParameters p = read_parameters(
      "a cat, Steps: many\nin two lines\nNegative prompt: dogs\nSteps: 12, Sampler: DPM++ 2M, CFG "
      "scale: 3.5, Seed: 18446744073709551615, Size: 128x64, Model: pico, Edits: \"a, b: c\", Eta: "
      "0.5, RNG: NV, Version: lacuna 0.1.0");
  CHECK(p.prompt == "a cat, Steps: many\nin two lines");
  CHECK(p.negative == "dogs");
  CHECK(p.steps == 12);
  CHECK(p.sampler == "dpmpp_2m");
  CHECK(p.guidance == 3.5f);
  CHECK(p.seed == UINT64_MAX);
  CHECK(p.width == 128);
  CHECK(p.height == 64);
  CHECK(p.eta == 0.5f);
  CHECK(p.rng == RngKind::philox);
  for (const char* text :
       {"", "Steps: ", "\nNegative prompt: ", "Steps: -, Seed: -1, Size: x, CFG scale: nan",
        "Steps: 5, Edits: \"open, Seed", "Steps: 99999999999999999999, Size: 4x"}) {
    const ReadParameters q = read_parameters(text);
    CHECK(!q.seed.has_value());
    CHECK(!q.width.has_value());
    CHECK(!q.guidance.has_value());
  }
}

TEST_CASE("a run's log is put into words, whatever its lines hold") {
  std::vector<std::string> lines;
  append_log_lines(lines,
                   R"({"event":"start","method":"esd","options":{"concept":"red","from":""}})");
  append_log_lines(lines,
                   R"({"event":"iteration","iteration":3,"loss":0.0180404,"examples":[1,2]})");
  CHECK(lines == std::vector<std::string>{"start   method esd", "    concept                   red",
                                          "iteration 3   loss 0.01804"});
  for (const char* odd : {"", "{\"event\":\"iter", "[1]", "{}", "not json", "{\"event\":{\"a\":1}}",
                          "{\"event\":null,\"x\":[[[[]]]]}", "{\"event\":7,\"7\":1e999}"}) {
    lines.clear();
    append_log_lines(lines, odd);
    CHECK_FALSE(lines.empty());
  }
}
