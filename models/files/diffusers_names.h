// The way back from models/files/ldm_names.h: diffusers' and transformers' names for the tensors of
// a single-file checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "models/files/model_part.h"

namespace lacuna {

class DiffusersNames {
 public:
  // `names` are all tensors of the part as the file has them: how many layers a block has follows
  // from them.
  DiffusersNames(ModelPart part, std::span<const std::string> names);

  // Empty where the name is no tensor of such a part.
  std::string operator()(std::string_view name) const;

 private:
  std::string unet_name(std::string_view rest) const;
  std::string vae_name(std::string_view rest) const;

  ModelPart part_;
  int64_t each_ = 0;        // of the UNet, a block's places: its resnets and one more
  int64_t last_block_ = 0;  // of the VAE's decoder
};

// The shape under diffusers' name: the VAE's attention has matrices there.
std::vector<int64_t> diffusers_shape(ModelPart part, std::string_view name,
                                     std::vector<int64_t> shape);

}  // namespace lacuna
