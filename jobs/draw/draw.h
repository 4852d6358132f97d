// Draws many images batch by batch, with progress, warnings about prompts that are cut, and Ctrl-C.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>

#include "jobs/draw/edits.h"
#include "jobs/progress.h"
#include "models/generate.h"

namespace lacuna {

class Drawer {
 public:
  // Throws InputError if the options cannot be drawn or `batch` is out of range.
  Drawer(StableDiffusion& model, const GenerateOptions& options, int64_t batch, Progress& progress)
      : Drawer(model, model.text_predictor(), options, batch, progress) {}
  // With another text encoder than the model's own.
  Drawer(StableDiffusion& model, TextPredictor& text, const GenerateOptions& options, int64_t batch,
         Progress& progress);

  // UNet calls for one image, and what a progress bar counts for several.
  int calls() const { return calls_; }
  int64_t steps(size_t pictures) const;

  // Gives the images to `visit` in the order of the requests. Throws Interrupted after Ctrl-C.
  using Visit = std::function<void(size_t request, Generated&& picture)>;
  // `edited`: draw with its UNet and text encoder instead of the model's own.
  void draw(std::span<const ImageRequest> requests, const Visit& visit,
            EditedModel* edited = nullptr, const Regional* regional = nullptr);

  // Entries of the UNet's last batch: twice the images if guidance is on.
  int64_t unet_batch() const { return unet_batch_; }
  LatentSize size() const { return size_; }
  // The conditioning of prompts without edits.
  TextCache& text() { return text_; }

 private:
  void warn_cuts(const TextCache& text);

  StableDiffusion& model_;
  GenerateOptions options_;
  Progress& progress_;
  TextCache text_;
  LatentSize size_;
  int calls_;
  int64_t batch_, done_ = 0, unet_batch_ = 0;
  std::set<std::string> told_;  // prompts that were cut
};

}  // namespace lacuna
