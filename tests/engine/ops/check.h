// Checks an op in one line per case:
//
//   TEST_CASE("silu" * needs_device()) {
//     check({{random({2, 7})}, [](In x) { return silu(x[0]); }, silu_reference});
//   }
//
// A case runs in f32 and, where the device has 16-bit storage, in f16, twice each. The result must
// be within bounds of `reference`, a plain function of doubles, and must have the same bits both
// times. Inputs are rounded to the storage type before the reference sees them, so that only the
// kernel's own rounding counts. An op that chooses other kernels on other kinds of devices is also
// checked with those.
//
// Gradients are checked in the same go: for a random dy, the gradient of <op(x), dy> with respect
// to every tensor of floats that is not constant against central differences of the reference,
// element by element (a sample of them where the case is large) and along random directions.
//
// The last test case of the program demands that every kernel has run.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <string>
#include <vector>

#include "engine/graph.h"
#include "engine/plan.h"
#include "engine/recorder.h"
#include "tests/device.h"

namespace lacuna::test {

using Values = std::vector<double>;
using In = const std::vector<Tensor>&;

// What an op is given: a tensor of random numbers, the same in every run.
struct Given {
  Shape shape;
  double mean = 0, deviation = 1;
  bool weight = false;    // a parameter in a buffer of its own; otherwise an input of the plan
  int64_t ids = 0;        // > 0: i32 numbers below it
  Values values;          // these instead of random ones
  bool constant = false;  // no gradient is asked for
};
Given random(Shape shape, double mean = 0, double deviation = 1);
Given weight(Shape shape, double mean = 0, double deviation = 1);
Given ids(Shape shape, int64_t below);
Given fixed(Shape shape, Values values);
Given constant(Given given);

// Largest relative L2 error, and largest error of one element relative to the reference's largest.
struct Bounds {
  double l2 = 0, max = 0;
};

struct OpCase {
  std::vector<Given> given;
  // Any graph of the given tensors; its last node is the op in messages.
  std::function<Tensor(In)> op;
  std::function<Values(const std::vector<Values>&)> reference;
  // By the storage type of the result. One store to f16 rounds by 2^-11.
  Bounds f32 = {1e-6, 2e-6};
  Bounds f16 = {5e-4, 5e-4};
  std::vector<KernelTypes> types = {DType::f32, DType::f16};  // of activations and weights
  bool gradient = true;                                       // whether the op has one
  // By the storage type of the given activations; gradients themselves are f32.
  Bounds gradient_f32 = {2e-6, 4e-6};
  Bounds gradient_f16 = {1e-3, 2e-3};
};
void check(const OpCase& c);

// Runs a plan and remembers which kernels ran.
void run(Plan& plan);
// The kernel variants ("stem.kernel f32") that no run() has run, as far as this device can.
std::vector<std::string> kernels_never_run();

// The message of the InputError that making or compiling a graph throws, or "" when it throws none.
std::string refusal(const std::function<void(Graph&)>& make);

}  // namespace lacuna::test
