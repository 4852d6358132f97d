// What an erasure method answers: which loss, on which examples. The loop is train.h's.
//
// A method is one small file. It keeps references to the models it uses, which outlive it.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "base/options/option.h"
#include "engine/arithmetic.h"
#include "engine/ops.h"
#include "models/feed.h"

namespace lacuna {

// Called before every piece of long work with what is done of a total; false stops the run.
using ProgressCallback = std::function<bool(const std::string& phase, int64_t done, int64_t total)>;

// Thrown when a progress callback returned false. What was saved is kept.
struct Stopped {};

// The class of arithmetic among a run's options: none for exact, which is what absence means.
OptionTexts arithmetic_texts(Arithmetic arithmetic);

// An entry of a micro-batch, for the log, so that another program can replay a run.
struct UsedExample {
  std::string trajectory;  // its file's hash; empty when it was sampled for this one use
  int64_t step = 0;        // of the trajectory
  std::string role;        // what is asked of it, in the method's words
  double weight = 0;       // in the mean over the micro-batch
};

// A micro-batch: values for the inputs of the loss.
struct Batch {
  Feed inputs;
  std::vector<UsedExample> used;  // its entries in order; empty when the method has no such thing
};

class Method {
 public:
  virtual ~Method() = default;

  virtual std::string name() const = 0;
  // One readable sentence with the formula: what is optimised.
  virtual std::string sentence() const = 0;
  virtual OptionTexts options() const = 0;
  // Compiles the plans that prepare() and next() will use, so that memory is known beforehand.
  virtual void reserve() {}
  // Work before the first iteration, such as the cache of trajectories.
  virtual void prepare(const ProgressCallback&) {}
  // Appends the forward side and the loss to a graph whose model is the edited one; inputs are the
  // method's own, for one micro-batch.
  virtual Loss loss(Graph& graph) const = 0;
  // Whether the loss has a minimum: then the loop takes growth of the loss for a failure.
  virtual bool bounded() const { return true; }
  // A micro-batch for those inputs, as a function of the seed and `index` alone (micro-batches
  // count up through the whole run), so that a resumed run sees the same examples.
  virtual Batch next(int64_t index) const = 0;
  // The parts of the loss for the log, from Loss::each of the last micro-batch: {"erase", 0.1}.
  virtual std::vector<std::pair<std::string, double>> parts(std::span<const float> each) const = 0;
  // UNet evaluations (of one latent) so far, without those of the training plan.
  virtual int64_t evaluations() const = 0;
  // Those that a micro-batch spends in the training plan on targets alone.
  virtual int64_t target_evaluations() const { return 0; }
  // Entries in a micro-batch.
  virtual int64_t batch() const = 0;
};

}  // namespace lacuna
