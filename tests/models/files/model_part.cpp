#include "models/files/model_part.h"

#include <doctest/doctest.h>

using namespace lacuna;

TEST_CASE("an edit's tensors belong to the part that their names begin with") {
  for (const char* name :
       {"conv_in.weight", "mid_block.attentions.0.proj_in.bias", "lora_unet_conv_in.alpha"})
    CHECK(part_in_edit(name) == ModelPart::unet);
  for (const char* name : {"text_encoder.text_model.final_layer_norm.bias",
                           "lora_te_text_model_encoder_layers_0_mlp_fc1.lora_up.weight"})
    CHECK(part_in_edit(name) == ModelPart::text);
  for (const char* name : {"lora_te1_text_model_encoder_layers_0_mlp_fc1.alpha",
                           "lora_te2_text_projection.alpha", "lora_vae_conv_in.alpha"})
    CHECK_FALSE(part_in_edit(name));
}

TEST_CASE("the table of parts: no name of one begins like another's") {
  for (const PartRow& a : part_rows)
    for (const PartRow& b : part_rows) {
      if (&a == &b) continue;
      CHECK(a.name != b.name);
      CHECK(a.folder != b.folder);
      CHECK_FALSE(a.single_file.starts_with(b.single_file));
      if (!a.edited() || !b.edited()) continue;
      CHECK_FALSE(a.lora_prefix.starts_with(b.lora_prefix));
      CHECK((b.edit_prefix.empty() || !a.edit_prefix.starts_with(b.edit_prefix)));
    }
  CHECK(ModelPart::unet->name == "unet");
  CHECK(ModelPart::text->name == "text");
  CHECK(ModelPart::vae->name == "vae");
  CHECK(edited_parts() == std::vector{ModelPart::unet, ModelPart::text});
  CHECK(ModelPart::vae->storage_for(DType::f16) == DType::f16);
  PartRow exact = part_rows[2];
  exact.storage = DType::f32;
  CHECK(exact.storage_for(DType::f16) == DType::f32);
}
