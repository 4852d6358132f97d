// Edits: files that change some weights of a model's UNet and leave the rest alone.
//
// Two kinds are read, both safetensors: whole tensors under diffusers' names (lacuna's own, and what
// the published ESD code writes), and LoRA factors under kohya's names. With strength s an edit
// moves the weights by s times its difference from the original, W + s (W' - W); several edits add
// up. lacuna's edits carry the fingerprint of the model they were trained on.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/device.h"
#include "engine/safetensors.h"
#include "models/weights.h"

namespace lacuna {

class Edit {
 public:
  // Throws InputError where the file is broken or is no edit of a UNet.
  static Edit open(const std::filesystem::path& file, float strength = 1);
  // "FILE" or "FILE:STRENGTH".
  static Edit parse(const std::string& argument);

  const std::filesystem::path& path() const { return file_.path(); }
  const SafeTensors::Metadata& metadata() const { return file_.metadata(); }
  float strength() const { return strength_; }
  // What the file says about itself in one line: method, concepts, strength.
  std::string describe() const;

  // The tensors of `base` that the edit changes. Throws InputError where a name or a shape of the
  // edit is not the model's, or, without `force`, where it was trained on another model.
  std::vector<std::string> targets(const WeightStore& base, const std::string& base_hash,
                                   bool force) const;
  // change += W' - W for one of its targets; all in the checkpoint's layout.
  void add_change(const Parameter& target, std::span<const float> original,
                  std::span<float> change) const;

 private:
  Edit(SafeTensors file, float strength) : file_(std::move(file)), strength_(strength) {}
  bool is_lora() const;

  SafeTensors file_;
  float strength_;
};

// Metadata keys that lacuna writes and reads.
namespace edit_key {
constexpr const char* software = "software";
constexpr const char* method = "method";
constexpr const char* base_hash = "base_model_hash";
constexpr const char* base_name = "base_model";
constexpr const char* options = "options.";  // followed by the option's name
}  // namespace edit_key

// The weights of a UNet under some edits, on a device: only those that change have buffers.
class EditedWeights {
 public:
  EditedWeights(const WeightStore& base, std::span<const Edit> edits, bool force);
  // The graph's model is the edited one from here on.
  void replace(Graph& graph) const;
  size_t tensors() const { return parameters_.size(); }

 private:
  std::vector<Buffer> buffers_;
  std::vector<std::pair<Parameter, Parameter>> parameters_;  // the original and the edited
};

// The original and changed values of every tensor that an edit changes, one at a time, in the
// checkpoint's layout: `lacuna diff` and exports.
struct Change {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> original, change;
};
void for_each_change(const WeightStore& base, std::span<const Edit> edits, bool force,
                     const std::function<void(const Parameter&, const Change&)>& visit);

}  // namespace lacuna
