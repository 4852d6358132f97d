// Edits: files that change some weights of a model's UNet and leave the rest alone.
//
// Two kinds are read, both safetensors: whole tensors under diffusers' names (lacuna's own, and
// what the published ESD code writes), and LoRA factors under kohya's names. With strength s an
// edit moves the weights by s times its difference from the original, W + s (W' - W); several edits
// add up. lacuna's edits carry the fingerprint of the model they were trained on.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/safetensors.h"

namespace lacuna {

// Metadata keys that lacuna writes and reads.
namespace edit_key {
constexpr const char* software = "software";
constexpr const char* method = "method";
constexpr const char* base_hash = "base_model_hash";
constexpr const char* base_name = "base_model";
constexpr const char* options = "options.";  // followed by the option's name
}  // namespace edit_key

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

  // Throws InputError where the edit says that it was trained on another model than the one of this
  // fingerprint. Published edits say nothing.
  void check_base(const std::string& base_hash) const;
  bool names_base() const { return metadata().contains(edit_key::base_hash); }
  // The tensors of `base`, a UNet's weights, that the edit changes. Throws InputError where a name
  // or a shape is not the model's.
  std::vector<std::string> targets(const SafeTensors& base) const;
  // change += W' - W for one of its targets, in the checkpoint's layout. Throws InputError where a
  // number is not finite.
  void add_change(const SafeTensors::Entry& target, std::span<const float> original,
                  std::span<float> change) const;

 private:
  Edit(SafeTensors file, float strength) : file_(std::move(file)), strength_(strength) {}
  bool is_lora() const;
  std::vector<std::string> tensor_targets(const SafeTensors& base) const;
  std::vector<std::string> lora_targets(const SafeTensors& base) const;

  SafeTensors file_;
  float strength_;
};

// A tensor that edits change: its original values and the sum of the edits' differences times their
// strengths, in the checkpoint's layout.
struct Change {
  std::string name;
  std::vector<int64_t> shape;
  std::vector<float> original, change;
};

// What edits change together, by the names of the tensors. Both must outlive it.
class EditSum {
 public:
  // Throws InputError for edits that do not fit the model; edits of another model are let through
  // with `force` where names and shapes fit.
  EditSum(const SafeTensors& base, std::span<const Edit> edits, bool force);

  std::vector<std::string> names() const;  // sorted
  bool changes(const std::string& name) const { return by_target_.contains(name); }
  const std::vector<int64_t>& shape(const std::string& name) const { return base_.at(name).shape; }
  Change change(const std::string& name) const;

 private:
  const SafeTensors& base_;
  std::map<std::string, std::vector<const Edit*>> by_target_;
};

// Every tensor that the edits change, by name, one at a time: a model need not fit in memory twice.
// Throws InputError as EditSum does, before the first visit.
void for_each_change(const SafeTensors& base, std::span<const Edit> edits, bool force,
                     const std::function<void(const Change&)>& visit);

}  // namespace lacuna
