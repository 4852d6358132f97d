// The layers that CLIP, UNet and VAE share. Members are named as in checkpoints; a constructor
// takes its Weights, operator() appends the layer to the graph of its input.
#pragma once

#include <string>

#include "engine/ops.h"
#include "models/files/weights.h"

namespace lacuna {

// "resnets.0": the name of one of several equal parts, as in checkpoints.
inline std::string indexed(const char* name, size_t i) {
  return std::string(name) + "." + std::to_string(i);
}

struct Linear {
  Parameter weight, bias;

  Linear(const Weights& w, int64_t in, int64_t out, bool with_bias = true)
      : weight(w.matrix("weight", in, out)),
        bias(with_bias ? w.vector("bias", out) : Parameter{}) {}
  // x [...,in] -> [...,out], plus a residual of that shape
  Tensor operator()(Tensor x, Tensor residual = {}) const {
    return linear(x, weight.in(x), bias ? bias.in(x) : Tensor{}, residual);
  }
};

struct Convolution {
  Parameter weight, bias;
  Conv2d options;

  Convolution(const Weights& w, int64_t in, int64_t out, Conv2d o = {}, int64_t k = 3)
      : weight(w.kernel("weight", in, out, k)), bias(w.vector("bias", out)), options(o) {}
  // x [N,H,W,in] -> [N,H',W',out], plus a residual of that shape
  Tensor operator()(Tensor x, Tensor residual = {}) const {
    return conv2d(x, weight.in(x), bias.in(x), options, residual);
  }
};

struct GroupNorm {
  Parameter weight, bias;
  int groups;
  float eps;

  GroupNorm(const Weights& w, int64_t channels, int groups_, float eps_)
      : weight(w.vector("weight", channels)),
        bias(w.vector("bias", channels)),
        groups(groups_),
        eps(eps_) {}
  Tensor operator()(Tensor x) const { return group_norm(x, weight.in(x), bias.in(x), groups, eps); }
  Tensor with_silu(Tensor x) const {
    return group_norm(x, weight.in(x), bias.in(x), groups, eps, true);
  }
};

struct LayerNorm {
  Parameter weight, bias;
  float eps;

  LayerNorm(const Weights& w, int64_t channels, float eps_ = 1e-5f)
      : weight(w.vector("weight", channels)), bias(w.vector("bias", channels)), eps(eps_) {}
  Tensor operator()(Tensor x) const { return layer_norm(x, weight.in(x), bias.in(x), eps); }
};

}  // namespace lacuna
