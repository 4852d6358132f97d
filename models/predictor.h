// The UNet as a function on the host: predictions for a batch whose entries differ in latents,
// timestep and conditioning. The device, the UNet and what an overlay refers to must outlive it.
#pragma once

#include <span>
#include <vector>

#include "engine/plan.h"
#include "models/denoiser.h"
#include "models/overlay.h"
#include "models/program.h"

namespace lacuna {

class Predictor {
 public:
  // The UNet as it is in its files, or under an overlay.
  Predictor(Device& device, const UNet& unet, DType dtype, int64_t context_length,
            Overlay overlay = {});
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  // The predictions [C,H,W], one for each entry. Throws DeviceError when they are not finite.
  std::vector<std::vector<float>> operator()(std::span<const DenoiserInput> batch, LatentSize size);
  Plan& plan(int64_t batch, LatentSize size) { return program_.plan({batch, size}); }
  // Gives the plans' memory back until they are needed again.
  void release() { program_.clear(); }
  // UNet evaluations so far: entries, not calls.
  int64_t evaluations() const { return evaluations_; }

 private:
  struct Key {
    int64_t batch;
    LatentSize size;
    bool operator==(const Key&) const = default;
  };
  void trace(Graph& graph, const Key& key) const;

  const UNet& unet_;
  DType dtype_;
  int64_t context_length_;
  Overlay overlay_;
  int64_t evaluations_ = 0;
  Program<Key> program_;
};

// Throws DeviceError when a result holds NaN or infinity; `what` names the model.
void check_finite(std::span<const float> values, const char* what);

}  // namespace lacuna
