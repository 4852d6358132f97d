// Anchor pictures of Concept Ablation: what the frozen model draws for the anchor prompts.
//
// Latents are kept, in files of eight; pixels beside them only where something needs them. An
// interrupted run finds the files that are whole; other options, another model or a damaged file
// mean that pictures are made again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "erase/method.h"
#include "models/generate.h"

namespace lacuna {

class Fields;

struct AnchorOptions {
  std::vector<std::string> prompts;
  int64_t count = 200;       // of pictures, the prompts in turn
  GenerateOptions generate;  // sampler, steps, guidance, size
  uint64_t seed = 0;
  bool pixels = false;
  std::filesystem::path folder;

  // How many there are, and how they are drawn.
  void describe(Fields& fields);
  // Throws InputError naming what is out of range.
  void check() const;
};

struct Anchor {
  size_t prompt = 0;           // index in the options' prompts
  uint64_t seed = 0;           // of the picture
  std::vector<float> latents;  // z_0 [C,h,w], scaled for the UNet
  Image image;                 // with options.pixels
};

// Pictures drawn together, and kept in one file.
constexpr int64_t anchors_together = 8;

// All of them in order. `model_hash` stands for the UNet and the text encoder. Stopped when
// `progress` said so, with the files that are finished kept.
std::vector<Anchor> make_anchors(StableDiffusion& model, TextCache& text, const AnchorOptions& o,
                                 const std::string& model_hash, const ProgressCallback& progress);

// A sentence on what the folder holds: that its pictures are used again, or what they were made
// with otherwise so that they will be made again; empty where it holds none.
std::string about_anchors(const StableDiffusion& model, const AnchorOptions& o,
                          const std::string& model_hash);

}  // namespace lacuna
