// The UNet as a function on the host: predictions for a batch whose entries differ in latents,
// timestep and conditioning. Keeps the plan of the last batch and size. The device, the UNet and
// what an overlay refers to must outlive it.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "engine/plan.h"
#include "models/denoiser.h"
#include "models/overlay.h"

namespace lacuna {

class Predictor {
 public:
  // The UNet as it is in its files, or under an overlay.
  Predictor(Device& device, const UNet& unet, DType dtype, int64_t context_length,
            Overlay overlay = {});

  // The predictions [C,H,W], one for each entry. Throws DeviceError when they are not finite.
  std::vector<std::vector<float>> operator()(std::span<const DenoiserInput> batch, LatentSize size);
  Plan& plan(int64_t batch, LatentSize size);
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

// Throws DeviceError when a result holds NaN or infinity; `what` names the model.
void check_finite(std::span<const float> values, const char* what);

}  // namespace lacuna
