// The UNet as a function on the host: predictions for a batch whose entries differ in latents,
// timestep and text. Keeps the plan of the last batch and size. The device, the UNet and what an
// overlay refers to must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/plan.h"
#include "models/text/text_encoder.h"
#include "models/unet.h"

namespace lacuna {

// An inpainting UNet is told to paint the whole picture.
struct UNetInput {
  std::span<const float> latents;  // [C,H,W]
  float timestep = 0;
  TextStates text;
};

// The three inputs of a UNet in a graph, f32 on the host's side, and how to fill them.
struct UNetInputs {
  Tensor latents;   // [N,H,W,in_channels]
  Tensor features;  // [N,block_out_channels[0]]
  Tensor context;   // [N,T,cross_attention_dim]

  UNetInputs(Graph& graph, const UNetConfig& config, int64_t batch, LatentSize size,
             int64_t context_length);
  // The text states are computed by the graph itself: set() then wants entries without text.
  UNetInputs(Graph& graph, const UNetConfig& config, LatentSize size, Tensor text_states);
  // The noise that the UNet predicts, [N,H,W,C] in `dtype`.
  // `detached`: see UNet.
  Tensor predict(const UNet& unet, DType dtype, int64_t detached = 0) const;
  static void set(Plan& plan, const UNetConfig& config, LatentSize size,
                  std::span<const UNetInput> batch);
};

class Predictor {
 public:
  Predictor(Device& device, const UNet& unet, DType dtype, int64_t context_length,
            Overlay overlay = {});

  // The predictions [C,H,W], one for each entry. Throws DeviceError where they are not finite.
  std::vector<std::vector<float>> operator()(std::span<const UNetInput> batch, LatentSize size);
  Plan& plan(int64_t batch, LatentSize size);
  // Another overlay from now on; the plan is compiled anew.
  void set_overlay(Overlay overlay);
  // Gives the plan's memory back until it is needed again.
  void release() { plan_.reset(); }
  // UNet evaluations so far: entries, not calls.
  int64_t evaluations() const { return evaluations_; }

 private:
  Device& device_;
  const UNet& unet_;
  DType dtype_;
  int64_t context_length_;
  Overlay overlay_;
  std::optional<Plan> plan_;
  int64_t batch_ = 0, evaluations_ = 0;
  LatentSize size_;
};

// Throws DeviceError where a result holds NaN or infinity; `what` names the model.
void check_finite(std::span<const float> values, const char* what);

}  // namespace lacuna
