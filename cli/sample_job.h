// What `lacuna sample` does, in three steps: everything that can be wrong is found before the first
// picture is drawn.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/common.h"
#include "cli/draw.h"
#include "cli/edits.h"
#include "cli/output.h"

namespace lacuna {

struct SampleOptions {
  ModelOptions common;
  EditOptions edits;
  std::string prompt, negative, from_file, rng = "torch", size, out = "out";
  GenerateOptions generate;
  std::optional<uint64_t> seed;
  int64_t count = 1, batch = 4;
  bool grid = false, compare = false, force = false, json = false, profile = false, trace = false;
};

class SampleJob {
 public:
  // Opens device, model, edits and output.
  explicit SampleJob(SampleOptions options);
  // Draws and saves the pictures.
  void draw();
  // Saves the grid, and prints figures and the tables that were asked for.
  void finish();

 private:
  void draw_all(bool edited);
  void save(const ImageRequest& request, const Image& image, bool edited);

  SampleOptions o_;
  double begin_, cpu_begin_;
  std::vector<ImageRequest> requests_;
  std::vector<Edit> edits_;
  PictureOutput output_;
  std::unique_ptr<Device> device_;
  StableDiffusion model_;
  EditedModel edited_model_;
  Progress progress_;
  Drawer drawer_;
  std::vector<Image> original_, edited_;  // for the grid
};

}  // namespace lacuna
