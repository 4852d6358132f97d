#include "models/text/clip_text.h"

#include "base/error.h"
#include "base/file.h"
#include "models/files/config.h"

namespace lacuna {

ClipTextConfig ClipTextConfig::from_file(const std::filesystem::path& path) {
  Json json = read_json(path);
  if (json.has("text_config")) json = json.at("text_config");  // of a whole CLIPModel
  ClipTextConfig c;
  c.vocab_size = size_of_config(json, "vocab_size", c.vocab_size);
  c.hidden_size = size_of_config(json, "hidden_size", 512);
  c.intermediate_size = size_of_config(json, "intermediate_size", 2048);
  c.num_hidden_layers = size_of_config(json, "num_hidden_layers", 12);
  c.num_attention_heads = static_cast<int>(size_of_config(json, "num_attention_heads", 8));
  c.max_position_embeddings = size_of_config(json, "max_position_embeddings", 77);
  c.layer_norm_eps = json.number("layer_norm_eps", 1e-5f, 0.0f, 1.0f);
  c.quick_gelu = json.choice("hidden_act", {"quick_gelu", "gelu"}) == 0;
  if (c.hidden_size % c.num_attention_heads != 0)
    throw InputError("[clip] {}: hidden_size {} is no multiple of num_attention_heads {}",
                     display(path), c.hidden_size, c.num_attention_heads);
  return c;
}

ClipText::SelfAttention::SelfAttention(const Weights& w, int64_t c)
    : q_proj(w["q_proj"], c, c),
      k_proj(w["k_proj"], c, c),
      v_proj(w["v_proj"], c, c),
      out_proj(w["out_proj"], c, c) {}

ClipText::Layer::Layer(const Weights& w, const ClipTextConfig& c)
    : self_attn(w["self_attn"], c.hidden_size),
      layer_norm1(w["layer_norm1"], c.hidden_size, c.layer_norm_eps),
      mlp(w["mlp"], c.hidden_size, c.intermediate_size),
      layer_norm2(w["layer_norm2"], c.hidden_size, c.layer_norm_eps) {}

ClipText::ClipText(const Weights& weights, const ClipTextConfig& c)
    : config_(c),
      token_embedding_(weights["text_model.embeddings.token_embedding"].table(
          "weight", c.vocab_size, c.hidden_size)),
      position_embedding_(weights["text_model.embeddings.position_embedding"].table(
          "weight", c.max_position_embeddings, c.hidden_size)),
      final_layer_norm_(weights["text_model.final_layer_norm"], c.hidden_size, c.layer_norm_eps) {
  const Weights layers = weights["text_model.encoder.layers"];
  for (int64_t i = 0; i < c.num_hidden_layers; i++) layers_.emplace_back(layers[i], c);
}

Tensor ClipText::operator()(Tensor ids, std::vector<Tensor>* hidden_states) const {
  Graph& g = *ids.graph;
  Tensor x = embedding(ids, token_embedding_.in(g), position_embedding_.in(g));
  for (size_t i = 0; i < layers_.size(); i++) {
    const Layer& layer = layers_[i];
    const Graph::Scope scope(g, "text_model.encoder.layers." + std::to_string(i));
    if (hidden_states) hidden_states->push_back(x);
    const SelfAttention& a = layer.self_attn;
    Tensor h = layer.layer_norm1(x);
    h = attention(a.q_proj(h), a.k_proj(h), a.v_proj(h), config_.num_attention_heads,
                  /*causal=*/true);
    x = a.out_proj(h, x);
    h = layer.mlp.fc1(layer.layer_norm2(x));
    h = config_.quick_gelu ? quick_gelu(h) : gelu(h);
    x = layer.mlp.fc2(h, x);
  }
  if (hidden_states) hidden_states->push_back(x);
  return final_layer_norm_(x);
}

}  // namespace lacuna
