// Gradients of a golden model against PyTorch's: gradients.safetensors of its fixture, made by
// tools/golden/models.py.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "engine/plan.h"
#include "tests/models/golden.h"

namespace lacuna::test {

struct GradientCase {
  std::string fixture;  // "unet/sd1"
  std::string loss;     // "epsilon": mse of the traced tensor and target.epsilon
  // Every parameter that the store has loaded gets a gradient.
  const WeightStore& store;
  // Appends the model to a graph and gives its result. Inputs that get a gradient go into the map,
  // under the name that the file has for them.
  std::function<Tensor(Graph&, std::map<std::string, Tensor>& inputs)> trace;
  std::function<void(Plan&)> set;
  bool recompute = false;
};

// As the file has them: in the checkpoint's layout, images as N,C,H,W.
struct GradientRun {
  std::map<std::string, std::vector<float>> gradients;
  float loss = 0;
  int64_t live_peak_bytes = 0;
};
// Runs twice and demands equal bits.
GradientRun run_gradients(const GradientCase& c);

// Every gradient of the run against the file's, of which none may be left over but those whose name
// begins with one of `others`: `bound` is the largest relative L2 error of a tensor.
//
// The gradient of a key's bias is zero, because softmax ignores it; the file then holds rounding
// noise of some 1e-8 of the largest norm, far below all others (the smallest is 1e-3 of the
// largest). A tensor below 1e-6 of the largest norm is compared with 1e-2 of that norm instead of
// its own.
void check_gradients(const GradientCase& c, const GradientRun& run, double bound,
                     const std::vector<std::string>& others = {});

// What float arithmetic in another order gives; PyTorch's float32 itself is off by 3e-5 from
// float64.
constexpr double f32_gradient_bound = 1e-4;

}  // namespace lacuna::test
