// What the thread that computes passes to the thread that draws: plain values, copied under a lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "erase/run_folder.h"
#include "models/generate.h"

namespace lacuna::viewer {

using ImagePtr = std::shared_ptr<const Image>;

// An edit and how strongly it acts.
struct EditChoice {
  std::filesystem::path file;
  float strength = 1;
  bool on = true;
  bool operator==(const EditChoice&) const = default;
};

struct DrawRequest {
  ImageRequest image;
  GenerateOptions options;
  std::vector<EditChoice> edits;  // those that act
  // Where they act, [height][width] of the image; empty: everywhere.
  std::vector<float> inside;
  RegionMode region_mode = RegionMode::latents;
  bool compare = false;  // also draw the original
  int vae_every = 0;     // steps between images by the VAE; 0: at the end alone
  bool save = true;      // into the gallery
};

struct ModelState {
  std::filesystem::path folder;
  std::string name, precision, error;
  bool loading = false, ready = false;
  int64_t default_size = 512, factor = 8;
  uint64_t weight_bytes = 0;
};

// An image as far as it is drawn; a preview has a pixel for every latent.
struct Shown {
  ImagePtr image;
  bool preview = false;
  // The same as bytes R, G, B, 255 if the device that computes also draws; else null.
  std::shared_ptr<const Buffer> on_device = nullptr;
};

struct DrawState {
  uint64_t number = 0;  // of drawings so far
  bool running = false, cancelled = false;
  int call = 0, calls = 0;     // UNet calls of all its images
  double rate = 0;             // calls a second
  double seconds = 0;          // of the drawing
  double preview_seconds = 0;  // of these, for previews
  Shown edited, original;      // the image; beside it, when comparing, without edits
  ImageRequest request;        // of the last image that was finished
  std::string parameters;      // the text that says how it was made
  std::string doing, error, cut;
  std::filesystem::path file;  // where the last image was saved
};

struct BeforeAfter {
  std::string prompt;
  ImagePtr before, after;
};

struct EraseState {
  bool running = false, paused = false, stopping = false, done = false;
  std::string phase, error;
  int64_t at = 0, of = 0;
  double rate = 0;  // iterations a second
  std::vector<LossRecord> losses;
  std::vector<BeforeAfter> previews;
  int64_t preview_at = 0;
  double preview_seconds = 0, seconds = 0;
  std::vector<std::string> log;
  std::filesystem::path edit, run;  // the file that it leaves, and its folder
};

struct LayerChange {
  std::string name;
  double ratio = 0;  // ||dW|| / ||W||
};

struct InspectState {
  std::string title, error;
  std::vector<LayerChange> layers;
};

struct Snapshot {
  ModelState model;
  DrawState draw;
  EraseState erase;
  InspectState inspect;
  uint64_t allocated = 0, peak = 0;  // bytes on the device
  std::string device, driver, kind;
  bool busy = false;
};

}  // namespace lacuna::viewer
