// The single kernels of `lacuna bench`: ops, and gradients of ops, at the shapes of Stable
// Diffusion 1.x (512 x 512 pixels) and of the embedded model.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cli/bench/bench_line.h"
#include "engine/plan.h"

namespace lacuna {

// An op at one shape. The shapes of `make`'s tensors are `given`.
struct BenchCase {
  std::string kernel, shape;
  std::vector<Shape> given;
  std::function<Tensor(const std::vector<Tensor>&)> make;
  std::vector<size_t> wanted = {};  // measure the node that makes the gradients of these tensors
};

// Linear is named M x N x K, a 3x3 convolution H x W x Cin x Cout (a batch in front), attention
// Tq x Tk x heads x head size.
std::vector<BenchCase> bench_cases();
// The line of a case whose tensors are stored as `type`, run alone. Throws DeviceError if the
// device lacks the memory.
BenchLine measure_case(Device& device, const BenchCase& c, DType type, const PlanOptions& options,
                       int repeat);

}  // namespace lacuna
