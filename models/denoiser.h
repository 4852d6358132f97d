// Denoiser: a UNet in a graph with one set of inputs, which it names and fills.
//
//   const Denoiser denoiser(unet, dtype, batch, size);
//   const Denoiser::Inputs inputs = denoiser.in(graph, tokens);
//   graph.output("epsilon", denoiser.predict(inputs));
//   ...
//   denoiser.fill(feed, entries);  // then feed.to(plan)
//
// A graph may hold several; each then has a name of its own. The UNet must outlive it.
#pragma once

#include <span>
#include <string>

#include "models/conditioning.h"
#include "models/feed.h"
#include "models/unet.h"

namespace lacuna {

// One entry of a batch, on the host.
struct DenoiserInput {
  std::span<const float> latents;  // [C,H,W]
  float timestep = 0;
  Conditioning conditioning;  // empty when the graph computes the embeddings
  // Of an inpainting UNet: the mask and the latents of the masked image, [1+C,H,W]
  // (StableDiffusion::blank_canvas). Other UNets ignore it.
  std::span<const float> canvas = {};
};

class Denoiser {
 public:
  Denoiser(const UNet& unet, DType dtype, int64_t batch, LatentSize size,
           std::string name = "unet");

  // Inputs in a graph, all f32.
  struct Inputs {
    Tensor latents;   // [N,H,W,C]
    Tensor canvas;    // [N,H,W,1+C] of an inpainting UNet, else none
    Tensor features;  // [N,block_out_channels[0]] of the timesteps
    Tensor sequence;  // [N,T,cross_attention_dim]
  };
  // With an input for the embeddings of `tokens` tokens.
  Inputs in(Graph& graph, int64_t tokens) const;
  // The graph computes them itself: fill() then wants entries without conditioning.
  Inputs in(Graph& graph, Tensor sequence) const;
  // The noise that the UNet predicts, [N,H,W,C] in the storage type. `detached`: see UNet. The
  // inputs may be those of a smaller batch, such as slices of in()'s.
  Tensor predict(const Inputs& inputs, int64_t detached = 0) const;

  int64_t channels() const { return unet_.config().out_channels; }  // of latents and noise

  // One entry for each of the batch. Throws InputError when an inpainting UNet gets no canvas.
  void fill(Feed& feed, std::span<const DenoiserInput> entries) const;

 private:
  std::string input(const char* what) const { return name_ + "." + what; }

  const UNet& unet_;
  DType dtype_;
  int64_t batch_;
  LatentSize size_;
  std::string name_;
};

}  // namespace lacuna
