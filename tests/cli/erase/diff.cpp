// lacuna diff reads files and needs no device.
#include <nlohmann/json.hpp>

#include "pictures/image.h"
#include "tests/cli/edits.h"
#include "tests/cli/run.h"

namespace fs = std::filesystem;
using namespace lacuna;
using namespace lacuna::test;
using nlohmann::json;

TEST_CASE("ratios, sums of edits and the chart") {
  const fs::path a = scaling_edit("a", "conv_out.weight", 1.5f);
  const fs::path b = scaling_edit("b", "conv_in.weight", 2), out = scratch();
  const auto report = [&](const std::string& arguments) {
    const Outcome o = lacuna::test::lacuna("diff " + arguments + " --json --force --out " +
                                           quoted(out / "chart.png"));
    INFO(o.err);
    REQUIRE(o.status == 0);
    return json::parse(o.out);
  };
  const json both = report("pico " + quoted(a) + " " + quoted(fs::path(b.string() + ":0.25")));
  REQUIRE(both.at("tensors").size() == 2);
  CHECK(both.at("tensors")[0].at("name") == "conv_out.weight");
  CHECK(both.at("tensors")[0].at("ratio").get<double>() == doctest::Approx(0.5));
  CHECK(both.at("tensors")[1].at("ratio").get<double>() == doctest::Approx(0.25));
  CHECK(report(quoted(a) + " --sort name").at("tensors").size() == 1);
  const json sum = report(quoted(a) + " " + quoted(a) + " " + quoted(b) + " --sort name --top 1");
  REQUIRE(sum.at("tensors").size() == 1);
  CHECK(sum.at("tensors")[0].at("name") == "conv_in.weight");
  CHECK(report(quoted(a) + " " + quoted(a)).at("tensors")[0].at("ratio").get<double>() ==
        doctest::Approx(1));
  CHECK(load_image(out / "chart.png").width > 500);
}

TEST_CASE("the table fits 80 columns and what is left out is summed up") {
  const fs::path a = scaling_edit("a", "conv_out.weight", 1.5f);
  const fs::path b =
      scaling_edit("b", "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0.weight", 2);
  const Outcome o = lacuna::test::lacuna("diff " + quoted(a) + " " + quoted(b) + " --top 1 --out " +
                                         quoted(scratch() / "x.png"));
  INFO(o.err);
  REQUIRE(o.status == 0);
  CHECK(o.out.find("up_blocks.1.attentions.0.") != std::string::npos);
  CHECK(o.out.find("attn2.to_out.0.weight") != std::string::npos);
  CHECK(o.out.find("the other 1 tensors") != std::string::npos);
  CHECK(o.out.find("2 of 2 tensors change") != std::string::npos);
}

TEST_CASE("what diff cannot do is refused, and nothing is written") {
  const fs::path out = scratch(), edit = scaling_edit("a", "conv_out.weight", 1.5f);
  const auto refuses = [&](const std::string& arguments, const char* words) {
    const Outcome o =
        lacuna::test::lacuna("diff " + arguments + " --out " + quoted(out / "chart.png"));
    CAPTURE(o.err);
    CHECK(o.status == 2);
    CHECK(o.err.find(words) != std::string::npos);
    CHECK(fs::is_empty(out));
  };
  refuses("", "");
  refuses("pico", "name the edits");
  refuses("pico nowhere.safetensors", "nowhere.safetensors");
  refuses(quoted(scratch()) + " " + quoted(edit), "model_index.json");
  refuses(quoted(edit) + " --sort size", "choose ratio or name");
  refuses(quoted(edit) + " --top 0", "--top 0");
  refuses(quoted(scaling_edit("foreign", "conv_out.weight", 2, {{edit_key::base_hash, "01"}})),
          "was trained on another model");
}
