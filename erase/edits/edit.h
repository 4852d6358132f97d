// Edits: files that change some weights of a model's UNet or text encoder and leave the rest alone.
//
// Two kinds are read, both safetensors: whole tensors (lacuna's own, and what the published ESD
// code writes), the UNet's under diffusers' names and the text encoder's under transformers' after
// "text_encoder."; and LoRA factors under kohya's names (lora_unet_..., lora_te_...). With strength
// s an edit moves the weights by s times its difference from the original, W + s (W' - W); several
// edits add up. lacuna's edits carry the fingerprint of what they were trained on: of the UNet, of
// the text encoder or both, and each is compared only if the edit changes that part.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/tensors/tensor_file.h"
#include "models/files/model_part.h"

namespace lacuna {

// Metadata keys that lacuna writes and reads.
namespace edit_key {
constexpr const char* software = "software";
constexpr const char* method = "method";
constexpr const char* base_hash = ModelPart::unet->edit_hash;
constexpr const char* text_hash = ModelPart::text->edit_hash;
constexpr const char* base_name = "base_model";
constexpr const char* options = "options.";  // followed by the option's name
}  // namespace edit_key

struct LoraFactors;

class Edit {
 public:
  // Throws InputError if the file is broken or holds nothing, or if a name in it begins like no
  // part's (models/files/model_part.h).
  static Edit open(const std::filesystem::path& file, float strength = 1);
  // "FILE" or "FILE:STRENGTH".
  static Edit parse(const std::string& argument);

  const std::filesystem::path& path() const { return file_.path(); }
  const TensorFile::Metadata& metadata() const { return file_.metadata(); }
  float strength() const { return strength_; }
  // What the file says about itself in one line: method, concepts, strength.
  std::string describe() const;

  // Whether it changes anything of that part.
  bool changes(ModelPart part) const;
  // Throws InputError if the edit says that it was trained on another UNet or text encoder than
  // that of this fingerprint. Published edits say nothing.
  void check_base(ModelPart part, const std::string& hash) const;
  bool names_base(ModelPart part) const { return metadata().contains(part->edit_hash); }
  // One tensor that the edit changes, by its name in the part's file. add() does change += W' - W
  // in the checkpoint's layout, and throws InputError if a number is not finite.
  struct Target {
    std::string name;
    std::function<void(std::span<const float> original, std::span<float> change)> add;
  };
  // What it changes of `base`, that part's weights. Throws InputError if a name or a shape is not
  // the model's. The edit must outlive what is given.
  std::vector<Target> targets(ModelPart part, const TensorFile& base) const;

 private:
  Edit(TensorFile file, float strength) : file_(std::move(file)), strength_(strength) {}
  void add_factors(const LoraFactors& factors, std::span<float> change) const;
  std::vector<Target> tensor_targets(ModelPart part, const TensorFile& base) const;

  TensorFile file_;
  float strength_;
};

// A tensor that edits change, under the name in its part's file: its original values and the sum of
// the edits' differences times their strengths, in the checkpoint's layout.
struct Change {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> original, change;
};

// What edits change together in a part of a model, by the names of the tensors. Edits and `base`,
// the part's weights, must outlive it.
class EditSum {
 public:
  // Throws InputError for edits that do not fit the part; edits of another model are let through
  // with `force` if names and shapes fit.
  EditSum(ModelPart part, const TensorFile& base, std::span<const Edit> edits, bool force);

  ModelPart part() const { return part_; }
  const TensorFile& base() const { return base_; }
  std::vector<std::string> names() const;  // sorted
  bool changes(const std::string& name) const { return by_target_.contains(name); }
  const std::vector<int64_t>& shape(const std::string& name) const { return base_.at(name).shape; }
  Change change(const std::string& name) const;

 private:
  ModelPart part_;
  const TensorFile& base_;
  struct Share {
    float strength;
    Edit::Target target;
  };
  std::map<std::string, std::vector<Share>> by_target_;
};

// Every tensor of a part that the edits change, by name, one at a time: a model need not fit in
// memory twice. Throws InputError as EditSum does, before the first visit.
void for_each_change(ModelPart part, const TensorFile& base, std::span<const Edit> edits,
                     bool force, const std::function<void(const Change&)>& visit);

}  // namespace lacuna
