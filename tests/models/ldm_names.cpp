// Names in single files against diffusers' converter: tests/fixtures/sd15_ldm_names.txt, made by
// tools/golden/ldm_names.py.
#include "models/ldm_names.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>

#include "engine/error.h"

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

void check(LdmPart part, const std::vector<Line>& lines) {
  std::vector<std::string> names;
  for (const Line& l : lines) names.push_back(l.name);
  const LdmNames ldm_name(part, names);
  for (const Line& l : lines) CHECK(ldm_name(l.name) == l.ldm);
}

}  // namespace

TEST_CASE("every tensor of SD 1.5 has CompVis' name in a single file") {
  const std::vector<Line> unet = fixture("unet"), vae = fixture("vae");
  REQUIRE(unet.size() == 686);
  REQUIRE(vae.size() == 248);
  check(LdmPart::unet, unet);
  check(LdmPart::vae, vae);
  const LdmNames text(LdmPart::text_encoder, {});
  const std::string norm = "cond_stage_model.transformer.text_model.final_layer_norm.bias";
  CHECK(text("text_model.final_layer_norm.bias") == norm);
  CHECK(text("final_layer_norm.bias") == norm);
}

TEST_CASE("the VAE's attention becomes 1x1 convolutions") {
  const std::string name = "decoder.mid_block.attentions.0.to_q.";
  using Shape = std::vector<int64_t>;
  CHECK(ldm_shape(LdmPart::vae, name + "weight", {512, 512}) == Shape{512, 512, 1, 1});
  CHECK(ldm_shape(LdmPart::vae, name + "bias", {512}) == Shape{512});
  CHECK(ldm_shape(LdmPart::unet, "mid_block.attentions.0.to_q.weight", {8, 8}) == Shape{8, 8});
  // Of diffusers before 0.17.
  CHECK(LdmNames(LdmPart::vae, {})("encoder.mid_block.attentions.0.proj_attn.bias") ==
        "first_stage_model.encoder.mid.attn_1.proj_out.bias");
}

TEST_CASE("names that have no place there are refused") {
  const LdmNames unet(LdmPart::unet, {}), vae(LdmPart::vae, {});
  for (const char* name :
       {"", "down_blocks.x.resnets.0.conv1.weight", "add_embedding.linear_1.bias",
        "down_blocks.0.motion_modules.0.norm.weight", "up_blocks.0.resnets.0.a"})
    CHECK_THROWS_WITH_AS(unet(name), doctest::Contains("has no place"), InputError);
  CHECK_THROWS_AS(vae("encoder.up_blocks.0.resnets.0.norm1.bias"), InputError);
  CHECK_THROWS_AS(vae("encoder.mid_block.attentions.0.to_x.bias"), InputError);
}
