#include "models/text/text_predictor.h"

#include "models/predictor.h"

namespace lacuna {

Plan& TextPredictor::plan() {
  if (!plan_) {
    Graph g;
    if (overlay_) overlay_(g);
    const Tensor ids = g.input("ids", {1, tokenizer().context()}, DType::i32);
    g.output("sequence", cast(encoder_.clip()(ids), DType::f32));
    plan_.emplace(encoder_.device(), g);
  }
  return *plan_;
}

Conditioning TextPredictor::operator()(const Tokenizer::Encoding& prompt) {
  plan().set("ids", std::span<const int32_t>(prompt.ids));
  plan().run();
  std::vector<float> sequence = plan().get("sequence");
  check_finite(sequence, "text encoder");
  return {std::make_shared<const std::vector<float>>(std::move(sequence)), {}, {}};
}

}  // namespace lacuna
