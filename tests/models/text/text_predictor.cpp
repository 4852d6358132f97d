// An edited text encoder beside the original: neither changes the other.
#include "models/text/text_predictor.h"

#include <stdexcept>

#include "models/text/text_cache.h"
#include "tests/device.h"

using namespace lacuna;
using namespace lacuna::test;

TEST_CASE("an overlay belongs to its predictor alone, even when it throws" * needs_device()) {
  TextEncoder encoder(device(), std::filesystem::path(LACUNA_SOURCE_DIR) / "assets/pico",
                      DType::f32);
  const Tokenizer::Encoding prompt = encoder.tokenizer().encode("a red circle");
  TextPredictor original(encoder);
  const std::vector<float> before = *original(prompt).sequence;
  CHECK(before.size() == static_cast<size_t>(encoder.tokenizer().context() * encoder.width()));

  const Parameter& bias = encoder.weights().loaded().at("text_model.encoder.layers.0.mlp.fc1.bias");
  TextPredictor edited(encoder, [&](Graph& g) {
    g.replace(bias.address,
              [&](Graph& to) { return scale(to.frozen(bias.name, bias.type, bias.address), 2); });
  });
  const std::vector<float> after = *edited(prompt).sequence;
  CHECK(after != before);
  CHECK(*original(prompt).sequence == before);
  CHECK(*edited(prompt).sequence == after);

  TextPredictor broken(encoder, [](Graph&) { throw std::runtime_error("no such edit"); });
  CHECK_THROWS_AS(broken(prompt), std::runtime_error);
  CHECK(*original(prompt).sequence == before);
  const Conditioning c = original(prompt);
  CHECK(c);
  CHECK_FALSE(c.pooled);  // SD 1.x has neither
  CHECK(c.ids.empty());
  CHECK_FALSE(Conditioning{});
}
