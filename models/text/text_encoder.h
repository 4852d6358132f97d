// Tokenizer and CLIP of a diffusers folder on a device, without the rest of the model: what the
// closed forms need. The device must outlive it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/plan.h"
#include "models/files/weight_store.h"
#include "models/text/clip_text.h"
#include "models/text/tokenizer.h"

namespace lacuna {

enum class Precision : uint8_t { automatic, f32, f16 };

// Throws InputError for other words than f32, f16 and auto.
Precision parse_precision(std::string_view name);
// Precision::automatic is f16 on GPUs that store 16-bit floats, else f32.
DType storage_type(Precision precision, const Device& device);

// The states of one prompt, [T,C] floats, shared between the images that use it.
using TextStates = std::shared_ptr<const std::vector<float>>;

// Called before a model is traced: names the parameters to be replaced (Graph::replace), so that an
// edited model shares every frozen byte with the original.
using Overlay = std::function<void(Graph&)>;

class TextEncoder {
 public:
  // Throws InputError naming the file for everything that is missing or wrong in the model's files.
  TextEncoder(Device& device, const std::filesystem::path& model, DType dtype);

  const Tokenizer& tokenizer() const { return tokenizer_; }
  int64_t width() const { return clip_.config().hidden_size; }
  const WeightStore& weights() const { return weights_; }
  // Throws DeviceError where a state is not finite.
  TextStates encode(const Tokenizer::Encoding& prompt);
  // Another overlay from now on. What it refers to must live until the next.
  void set_overlay(Overlay overlay);
  // Grows with every overlay: text states are of one model only as long as it stays.
  uint64_t version() const { return version_; }
  const ClipText& clip() const { return clip_; }
  // Compiled at first use.
  Plan& plan();

 private:
  Device& device_;
  WeightStore weights_;
  ClipText clip_;
  Tokenizer tokenizer_;
  Overlay overlay_;
  uint64_t version_ = 0;
  std::optional<Plan> plan_;
};

}  // namespace lacuna
