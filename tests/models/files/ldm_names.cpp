// Names in single files, and back, against diffusers' converter: tests/fixtures/sd15_ldm_names.txt,
// made by tools/golden/ldm_names.py.
#include "models/files/ldm_names.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/error.h"
#include "models/files/name_table.h"

using namespace lacuna;

namespace {

struct Line {
  std::string part, name, ldm, shape;
};

std::vector<Line> fixture(const std::string& part) {
  std::ifstream in(LACUNA_SOURCE_DIR "/tests/fixtures/sd15_ldm_names.txt");
  std::vector<Line> lines;
  for (Line l; in >> l.part >> l.name >> l.ldm >> l.shape;)
    if (l.part == part) lines.push_back(l);
  return lines;
}

std::vector<int64_t> numbers(std::string text) {
  std::ranges::replace(text, 'x', ' ');
  std::istringstream in(text);
  return {std::istream_iterator<int64_t>(in), {}};
}

NameTable table_of(const LdmNames& ldm_name, std::span<const std::string> names) {
  return {names, [&](const std::string& name) { return ldm_name.find(name); }};
}

void check(ModelPart part, const std::vector<Line>& lines) {
  std::vector<std::string> names;
  for (const Line& l : lines) names.push_back(l.name);
  const LdmNames ldm_name(part, names);
  const NameTable back = table_of(ldm_name, names);
  for (const Line& l : lines) {
    CHECK(ldm_name(l.name) == l.ldm);
    const std::string* name = back.find(l.ldm);
    REQUIRE(name);
    CHECK(*name == l.name);
    const std::vector<int64_t> shape = numbers(l.shape);
    CHECK(ldm_shape(part, l.name, diffusers_shape(part, l.name, shape)) == shape);
  }
  for (const char* name : {"", "model_ema.decay", "conv_in.bias", "first_stage_model.loss.logvar",
                           "model.diffusion_model.label_emb.0.0.bias"})
    CHECK_FALSE(back.find(name));
}

}  // namespace

TEST_CASE("every tensor of SD 1.5 has CompVis' name in a single file, and comes back") {
  const std::vector<Line> unet = fixture("unet"), vae = fixture("vae");
  REQUIRE(unet.size() == 686);
  REQUIRE(vae.size() == 248);
  check(ModelPart::unet, unet);
  check(ModelPart::vae, vae);
  const LdmNames text(ModelPart::text, {});
  const std::string norm = "cond_stage_model.transformer.text_model.final_layer_norm.bias";
  CHECK(text("text_model.final_layer_norm.bias") == norm);
  CHECK(text("final_layer_norm.bias") == norm);
}

TEST_CASE("the VAE's attention becomes 1x1 convolutions") {
  const std::string name = "decoder.mid_block.attentions.0.to_q.";
  using Shape = std::vector<int64_t>;
  CHECK(ldm_shape(ModelPart::vae, name + "weight", {512, 512}) == Shape{512, 512, 1, 1});
  CHECK(ldm_shape(ModelPart::vae, name + "bias", {512}) == Shape{512});
  CHECK(ldm_shape(ModelPart::unet, "mid_block.attentions.0.to_q.weight", {8, 8}) == Shape{8, 8});
  // Of diffusers before 0.17.
  CHECK(LdmNames(ModelPart::vae, {})("encoder.mid_block.attentions.0.proj_attn.bias") ==
        "first_stage_model.encoder.mid.attn_1.proj_out.bias");
}

TEST_CASE("names that have no place there are refused") {
  const LdmNames unet(ModelPart::unet, {}), vae(ModelPart::vae, {});
  for (const char* name :
       {"", "down_blocks.x.resnets.0.conv1.weight", "add_embedding.linear_1.bias",
        "down_blocks.0.motion_modules.0.norm.weight", "up_blocks.0.resnets.0.a"}) {
    CHECK_THROWS_WITH_AS(unet(name), doctest::Contains("has no place"), InputError);
    CHECK(unet.find(name).empty());
  }
  CHECK_THROWS_AS(vae("encoder.up_blocks.0.resnets.0.norm1.bias"), InputError);
  CHECK_THROWS_AS(vae("encoder.mid_block.attentions.0.to_x.bias"), InputError);
}

TEST_CASE("two names that would become one are refused") {
  const std::string names[] = {"a.b", "a_b"};
  const auto forward = [](std::string name) {
    std::ranges::replace(name, '.', '_');
    return name;
  };
  CHECK_THROWS_WITH_AS(NameTable(names, forward),
                       doctest::Contains("'a.b' and 'a_b' would both be called 'a_b'"), InputError);
  CHECK(*NameTable(std::span(names).first(1), forward).find("a_b") == "a.b");
}
