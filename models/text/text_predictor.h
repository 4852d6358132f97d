// The text encoder as a function on the host, as it is in its files or under an overlay for good:
// another overlay is another TextPredictor, so that an encoder which others use never changes.
#pragma once

#include "models/conditioning.h"
#include "models/overlay.h"
#include "models/program.h"
#include "models/text/text_encoder.h"

namespace lacuna {

class TextPredictor {
 public:
  // The encoder, its device and what the overlay refers to must outlive it.
  explicit TextPredictor(TextEncoder& encoder, Overlay overlay = {});
  TextPredictor(const TextPredictor&) = delete;
  TextPredictor& operator=(const TextPredictor&) = delete;

  const Tokenizer& tokenizer() const { return encoder_.tokenizer(); }
  // Throws DeviceError when an embedding is not finite.
  Conditioning operator()(const Tokenizer::Encoding& prompt);
  Plan& plan() { return program_.plan(1); }

 private:
  TextEncoder& encoder_;
  Overlay overlay_;
  Program<int64_t> program_;  // by batch
};

}  // namespace lacuna
