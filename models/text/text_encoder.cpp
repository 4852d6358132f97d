#include "models/text/text_encoder.h"

#include "base/error.h"
#include "models/files/model_files.h"
#include "models/predictor.h"

namespace lacuna {

Precision parse_precision(std::string_view name) {
  if (name == "auto") return Precision::automatic;
  if (name == "f32") return Precision::f32;
  if (name == "f16") return Precision::f16;
  throw InputError("[precision] '{}' is unknown; choose f32, f16 or auto", name);
}

DType storage_type(Precision precision, const Device& device) {
  if (precision == Precision::automatic)
    return device.traits().storage16 && !device.traits().cpu ? DType::f16 : DType::f32;
  return precision == Precision::f16 ? DType::f16 : DType::f32;
}

TextEncoder::TextEncoder(Device& device, const std::filesystem::path& model, DType dtype)
    : device_(device),
      weights_(device, open_weights(model, ModelPart::text), ModelPart::text->storage_for(dtype)),
      clip_(weights_, ClipTextConfig::from_file(part(model, "text_encoder") / "config.json")),
      tokenizer_(Tokenizer::load(part(model, "tokenizer"),
                                 static_cast<int>(clip_.config().max_position_embeddings))) {
  if (tokenizer_.vocab_size() > clip_.config().vocab_size)
    throw InputError(
        "[model] {}: the tokenizer has {} tokens and the text encoder {}; they do not belong "
        "together",
        display(model), tokenizer_.vocab_size(), clip_.config().vocab_size);
}

void TextEncoder::set_overlay(Overlay overlay) {
  overlay_ = std::move(overlay);
  plan_.reset();
  version_++;
}

Plan& TextEncoder::plan() {
  if (!plan_) {
    Graph g;
    if (overlay_) overlay_(g);
    const Tensor ids = g.input("ids", {1, tokenizer_.context()}, DType::i32);
    g.output("states", cast(clip_(ids), DType::f32));
    plan_.emplace(device_, g);
  }
  return *plan_;
}

TextStates TextEncoder::encode(const Tokenizer::Encoding& prompt) {
  plan().set("ids", std::span<const int32_t>(prompt.ids));
  plan().run();
  auto states = std::make_shared<std::vector<float>>(plan().get("states"));
  check_finite(*states, "text encoder");
  return states;
}

}  // namespace lacuna
