#include "models/text/text_predictor.h"

#include "models/predictor.h"

namespace lacuna {

TextPredictor::TextPredictor(TextEncoder& encoder, Overlay overlay)
    : encoder_(encoder),
      overlay_(std::move(overlay)),
      program_(encoder.device(), [this](Graph& g, int64_t batch) {
        if (overlay_) overlay_(g);
        const Tensor ids = g.input("ids", {batch, tokenizer().context()}, DType::i32);
        g.output("sequence", cast(encoder_.clip()(ids), DType::f32));
      }) {}

Conditioning TextPredictor::operator()(const Tokenizer::Encoding& prompt) {
  plan().set("ids", std::span<const int32_t>(prompt.ids));
  plan().run();
  std::vector<float> sequence = plan().get("sequence");
  check_finite(sequence, "text encoder");
  return {std::make_shared<const std::vector<float>>(std::move(sequence)), {}, {}};
}

}  // namespace lacuna
