// Tokenizer and CLIP of a diffusers folder on a device, without the rest of the model: what the
// closed forms need. text_predictor.h runs it. The device must outlive it.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/device.h"
#include "models/files/weight_store.h"
#include "models/text/clip_text.h"
#include "models/text/tokenizer.h"

namespace lacuna {

enum class Precision : uint8_t { automatic, f32, f16 };

// Throws InputError for other words than f32, f16 and auto.
Precision parse_precision(std::string_view name);
// Precision::automatic is f16 on GPUs that store 16-bit floats, else f32.
DType storage_type(Precision precision, const Device& device);

class TextEncoder {
 public:
  // Throws InputError naming the file for everything that is missing or wrong in the model's files.
  TextEncoder(Device& device, const std::filesystem::path& model, DType dtype);

  Device& device() const { return device_; }
  const Tokenizer& tokenizer() const { return tokenizer_; }
  int64_t width() const { return clip_.config().hidden_size; }
  const WeightStore& weights() const { return weights_; }
  const ClipText& clip() const { return clip_; }

 private:
  Device& device_;
  WeightStore weights_;
  ClipText clip_;
  Tokenizer tokenizer_;
};

}  // namespace lacuna
