// What `lacuna sample` does, in three steps: everything that can be wrong is found before the first
// image is drawn.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "jobs/draw/draw.h"
#include "jobs/draw/picture_output.h"
#include "jobs/draw/variants.h"
#include "jobs/model_options.h"
#include "pictures/region.h"

namespace lacuna {

struct SampleOptions {
  ModelOptions common;
  EditOptions edits;
  std::vector<std::string> words;  // the prompt, and edits that a shell expanded
  std::string prompt, negative, from_file, rng = "torch", size, out = "out";
  GenerateOptions generate;
  std::string region, region_mode = "latents";
  std::optional<uint64_t> seed;
  int64_t count = 1, batch = 4;
  bool grid = false, compare = false, force = false, json = false, profile = false, trace = false;

  void describe(Fields& fields);
};

class Verb;
std::unique_ptr<Verb> sample_verb();

class SampleJob {
 public:
  // Opens device, model, edits and output.
  explicit SampleJob(SampleOptions options);
  // Draws and saves the images.
  void draw();
  // Saves the grid, and prints figures and the tables that were asked for.
  void finish();

 private:
  void draw_all(size_t variant);
  void load(size_t variant);
  void save(const ImageRequest& request, const Image& image, const Variant& variant);
  size_t pictures() const { return requests_.size() * variants_.all.size(); }
  Image sheet() const;
  // The region of --region, with the original model beside the edited one.
  std::optional<Regional> regional();

  SampleOptions o_;
  double begin_, cpu_begin_;
  std::vector<ImageRequest> requests_;
  Variants variants_;
  PictureOutput output_;
  std::unique_ptr<Device> device_;
  StableDiffusion model_;
  std::optional<EditedModel> edited_model_;  // of the variant that was loaded last
  size_t loaded_ = 0;
  std::optional<Region> region_;
  Progress progress_;
  Drawer drawer_;
  std::vector<std::vector<Image>> drawn_;  // of each variant, for the grid
};

}  // namespace lacuna
