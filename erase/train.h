// The one training loop: every method that trains goes through it.
//
// An iteration is `accumulate` micro-batches (forward, loss, backward) and one step of Adam(W) on
// f32 masters. Two recorded plans are replayed, so an iteration costs no host work beyond filling
// in the examples. Everything is a function of the options: killed at any moment and resumed, a run
// ends in the same bits as an unbroken one.
#pragma once

#include "engine/device.h"
#include "erase/method.h"
#include "erase/run_folder.h"
#include "erase/schedule.h"
#include "erase/trainables.h"

namespace lacuna {

class Fields;

struct TrainOptions {
  int64_t iterations = 200, accumulate = 1, warmup = 0;
  double learning_rate = 1e-5;
  Decay decay = Decay::constant;
  bool decoupled = true;  // AdamW; otherwise Adam
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
  double clip = 0;          // largest gradient norm; 0: no clipping
  int64_t save_every = 50;  // iterations between save points
  bool recompute = false;   // compute activations of blocks again instead of keeping them

  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
  OptionTexts texts() const;
};

// A trainer holds the plans, so that peak memory is known before the first iteration.
class Trainer {
 public:
  Trainer(Device& device, const Method& method, const Trainables& trainables,
          const TrainOptions& options);
  const Placement& placement() const { return gradient_plan_.placement(); }
  Plan& gradient_plan() { return gradient_plan_; }

  // One iteration (0-based): the loss, its parts and the norm of the gradient. Throws InputError if
  // the loss or the gradient is not finite; the weights are then as before.
  struct Result {
    double loss = 0, norm = 0, rate = 0;
    std::vector<std::pair<std::string, double>> parts;
    std::vector<UsedExample> used;  // of all micro-batches in order
  };
  Result iterate(int64_t iteration, const Method& method);

 private:
  TrainOptions options_;
  Plan gradient_plan_, update_plan_;
};

// Points of a run at which a method does something, such as writing an edit after every epoch.
struct Milestones {
  int64_t every = 0;  // iterations; 0: none
  // Called with the iterations done; false ends the run there, as if it had reached its last
  // iteration. A run that is killed and resumed calls it again with the same weights.
  std::function<bool(int64_t iterations)> reached;
};

// The phase that `progress` is given during the iterations. Before them, the method names the
// phases.
inline constexpr const char* training_phase = "training";

// Runs from where `folder` stands to the end and returns the iterations done. `identity` is what a
// resumed run must agree on beyond the method's and the loop's options: model, parameter set,
// precision. The class of arithmetic is added if it is not exact. Throws InputError if the loss
// grows beyond reason, and Stopped, with the state saved, if `progress` returned false.
int64_t train(Device& device, Method& method, Trainables& trainables, const TrainOptions& options,
              const OptionTexts& identity, RunFolder& folder, const ProgressCallback& progress,
              const Milestones& milestones = {});

}  // namespace lacuna
