// What a run trains: f32 masters of chosen parameters of the UNet or the text encoder, their
// gradients and Adam's two moments; or, with a rank, the factors of a LoRA of the same selection
// (Hu et al. 2021).
//
// All values of one kind lie in a row, in blocks of at most 256 MiB, so that one step of the
// optimizer is one dispatch a block. The edited model is the original traced with replace(): it
// shares every frozen byte. The device and the store must outlive the object.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/graph.h"
#include "models/files/model_part.h"
#include "models/files/weight_store.h"

namespace lacuna {

class Trainables {
 public:
  // Trains the named tensors of `base`, the weights of `part`. rank > 0: W + down up, for every
  // matrix and convolution among them; vectors (biases, norms) then stay as they are. Throws
  // InputError if nothing is left to train.
  // With `rows`, of one table (an embedding), nothing but these rows of it is trained: optimizer
  // and weight decay never see the others. They must be different and inside the table.
  Trainables(Device& device, const WeightStore& base, std::span<const std::string> names,
             int64_t rank, uint64_t seed, ModelPart part = ModelPart::unet,
             std::span<const int32_t> rows = {});

  int64_t rank() const { return rank_; }
  int64_t scalars() const { return scalars_; }
  int64_t tensors() const { return static_cast<int64_t>(targets_.size()); }
  const WeightStore& base() const { return base_; }
  ModelPart part() const { return part_; }

  // The graph's model is the edited one from here on.
  void replace(Graph& graph) const;
  // Appends the backward side: gradient += factor * d loss / d weight for everything trained.
  void add_gradients(Graph& graph, Tensor loss, float factor) const;
  // Appends a step of the optimizer (engine/ops.h says what `step` holds), which also sets the
  // gradients to zero. Returns the norm of the gradient.
  Tensor update(Graph& graph, Tensor step, bool decoupled) const;

  // A trained tensor as an edit holds it (edit.h): a master under its own name, or a LoRA factor
  // under kohya's (lora_unet_<module>.lora_down.weight), in the checkpoint's layout.
  struct Export {
    std::string name;
    std::vector<int64_t> shape;
    std::vector<float> values;
  };
  std::vector<Export> exported();
  // Training begins from these values of some of the tensors instead of the model's own. They are
  // named as exported() names them. Throws InputError for a name or a shape that is not trained,
  // and with a rank.
  void begin_from(std::span<const Export> tensors);
  // The root of the mean square of what is trained, as it is now.
  double rms();

  // The whole state of a run: masters and moments, block by block. set_state() takes what state()
  // gave for the same selection and throws InputError for another size.
  struct StateTensor {
    std::string name;  // "weight.0", "moment1.0", "moment2.0", "weight.1", ...
    std::vector<float> values;
  };
  std::vector<StateTensor> state();
  std::vector<std::pair<std::string, int64_t>> state_sizes() const;
  void set_state(std::span<const StateTensor> state);
  // Sets the gradients to zero: what an interrupted accumulation left is no part of the state.
  void clear_gradients();

 private:
  struct Block {
    int64_t elements = 0;
    Buffer weight, moment1, moment2, gradient;
  };
  // A range of values in a block.
  struct Slice {
    std::string name;  // in messages and traces
    size_t block = 0;
    int64_t offset = 0;
    Shape shape;
    uint64_t address(const Buffer& buffer) const {
      return buffer.address() + static_cast<uint64_t>(offset) * 4;
    }
  };
  struct Target {
    Parameter base;
    std::vector<Slice> slices;  // one master, or down and up
  };

  void choose_rows(std::span<const std::string> names);
  Slice reserve(std::string name, Shape shape);
  void fill(const Slice& slice, std::span<const float> values);
  std::vector<float> read(const Slice& slice);
  Tensor weight(Graph& graph, const Slice& slice) const;
  Tensor gradient(Graph& graph, const Slice& slice) const;

  Device& device_;
  const WeightStore& base_;
  ModelPart part_;
  int64_t rank_, scalars_ = 0;
  std::vector<Target> targets_;
  std::vector<Block> blocks_;
  std::vector<int32_t> rows_;  // of the only target, or none: whole tensors
  Buffer row_numbers_;         // them on the device
};

}  // namespace lacuna
