// Edits in the forms that other programs read: one file of whole tensors, LoRA factors, and whole
// models as a diffusers folder or a single file under CompVis' names.
//
// Everything but a LoRA is written tensor by tensor, and every file or folder is put in place only
// when it is whole.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "erase/edits/edit.h"

namespace lacuna {

// Called before every tensor with how many are done, of how many.
using TellTensors = std::function<void(size_t done, size_t total)>;

// What the edits change in each part of a model, UNet first.
using EditSums = std::span<const EditSum>;

// The changed tensors as they are under the edits.
void export_delta(const std::filesystem::path& file, EditSums edits, FileDType type,
                  const TensorFile::Metadata& metadata, const TellTensors& tell);

// What a LoRA keeps of a tensor's change.
struct LoraLoss {
  std::string name;
  int64_t rank = 0;
  double squares = 0, kept = 0;  // |dW|^2, and that of the factors' product
};

struct LoraReport {
  std::vector<LoraLoss> tensors;
  std::vector<std::string> left_out;  // changed, but neither matrices nor convolutions

  // The kept part of |dW|^2, of all tensors; 1 if nothing changes.
  double kept() const;
};

// The best factors of at most `rank` for every matrix and, flattened as kohya does to
// [out, in kh kw], every convolution: the truncated singular value decomposition of dW. Throws
// InputError if the edits change nothing of that kind.
LoraReport export_lora(const std::filesystem::path& file, EditSums edits, int64_t rank,
                       FileDType type, const TensorFile::Metadata& metadata,
                       const TellTensors& tell);

// A copy of the model's folder with the edited UNet and, if the edits change it, the edited text
// encoder. Their parameters are stored as `type` or, if none is given, as in the model. Throws
// InputError if the target exists, unless it is a model's folder and may be replaced.
void export_folder(const std::filesystem::path& target, const std::filesystem::path& model,
                   EditSums edits, std::optional<FileDType> type,
                   const TensorFile::Metadata& metadata, bool replace, const TellTensors& tell);

// UNet, VAE and text encoder in one file, as A1111 and ComfyUI read Stable Diffusion 1.x.
void export_checkpoint(const std::filesystem::path& file, const std::filesystem::path& model,
                       EditSums edits, FileDType type, const TensorFile::Metadata& metadata,
                       const TellTensors& tell);

}  // namespace lacuna
