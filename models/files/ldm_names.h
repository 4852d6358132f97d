// Names of Stable Diffusion 1.x's tensors in single-file checkpoints: those of CompVis' latent
// diffusion code, which A1111 and ComfyUI read, for diffusers' and transformers' names. This maps
// our names to those; model_files.cpp maps them back by a NameTable.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/files/model_part.h"

namespace lacuna {

class LdmNames {
 public:
  // `names` are all tensors of the part: how many layers a block has, and which blocks have
  // attention, follows from them.
  LdmNames(ModelPart part, std::span<const std::string> names);

  // Empty if the name is no tensor of such a part.
  std::string find(const std::string& name) const;
  // Throws InputError if the name is no tensor of such a part.
  std::string operator()(const std::string& name) const;

 private:
  std::string unet_name(const std::string& name) const;
  std::string vae_name(const std::string& name) const;

  ModelPart part_;
  int64_t layers_ = 0;                    // resnets in a downward block
  int64_t last_block_ = 0;                // of the VAE's decoder
  std::set<int64_t> attended_up_blocks_;  // of the UNet
};

// The shape there of a tensor that is called `name` here, and back: the VAE's attention is stored
// as 1x1 convolutions there and as matrices here.
std::vector<int64_t> ldm_shape(ModelPart part, std::string_view name, std::vector<int64_t> shape);
std::vector<int64_t> diffusers_shape(ModelPart part, std::string_view name,
                                     std::vector<int64_t> shape);

}  // namespace lacuna
