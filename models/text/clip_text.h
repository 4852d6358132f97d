// CLIP's text encoder (Radford et al. 2021), transformers' CLIPTextModel: pre-norm transformer with
// causal attention; Stable Diffusion uses its last hidden state after the final layer norm.
#pragma once

#include <filesystem>
#include <vector>

#include "models/layers.h"

namespace lacuna {

struct ClipTextConfig {
  int64_t vocab_size = 49408;
  int64_t hidden_size = 768;
  int64_t intermediate_size = 3072;
  int64_t num_hidden_layers = 12;
  int num_attention_heads = 12;
  int64_t max_position_embeddings = 77;
  bool quick_gelu = true;  // hidden_act: quick_gelu or gelu
  float layer_norm_eps = 1e-5f;

  static ClipTextConfig from_file(const std::filesystem::path& config_json);
};

class ClipText {
 public:
  // The weights as open_weights() has them (models/files/model_files.h).
  ClipText(const Weights& weights, const ClipTextConfig& config);

  // ids i32 [B,T] -> embeddings [B,T,C]. Also gives the state before each layer and after the last
  // one when `hidden_states` is not null.
  Tensor operator()(Tensor ids, std::vector<Tensor>* hidden_states = nullptr) const;

  const ClipTextConfig& config() const { return config_; }

 private:
  struct SelfAttention {
    Linear q_proj, k_proj, v_proj, out_proj;
    SelfAttention(const Weights& w, int64_t c);
  };
  struct Mlp {
    Linear fc1, fc2;
    Mlp(const Weights& w, int64_t c, int64_t inner)
        : fc1(w["fc1"], c, inner), fc2(w["fc2"], inner, c) {}
  };
  struct Layer {
    SelfAttention self_attn;
    LayerNorm layer_norm1;
    Mlp mlp;
    LayerNorm layer_norm2;
    Layer(const Weights& w, const ClipTextConfig& c);
  };

  ClipTextConfig config_;
  Parameter token_embedding_, position_embedding_;
  std::vector<Layer> layers_;
  LayerNorm final_layer_norm_;
};

}  // namespace lacuna
