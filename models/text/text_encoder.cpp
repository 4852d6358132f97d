#include "models/text/text_encoder.h"

#include "base/error.h"
#include "models/files/model_files.h"

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

}  // namespace lacuna
