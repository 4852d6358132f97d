// --edit FILE[:STRENGTH]: a model under edits, for the verbs that draw.
#pragma once

#include <CLI/CLI.hpp>
#include <span>
#include <string>
#include <vector>

#include "erase/edited_weights.h"
#include "models/stable_diffusion.h"

namespace lacuna {

struct EditOptions {
  std::vector<std::string> files;

  CLI::Option* add_to(CLI::App& command);
  // Throws InputError where a file is no edit: asked before a device and a model are opened.
  std::vector<Edit> open() const;
};

// Which edits a picture was made with, as one line: "red.safetensors (esd red), ...".
std::string describe(std::span<const Edit> edits);

// A model with its original UNet or the edited one. The model must outlive it.
class EditedModel {
 public:
  // Puts the edited weights on the model's device. Throws InputError where edits do not fit it.
  EditedModel(StableDiffusion& model, std::span<const Edit> edits, bool force)
      : model_(model), weights_(model.unet_weights(), edits, force) {}
  EditedModel(const EditedModel&) = delete;  // the model's predictor refers to it
  ~EditedModel() { use(false); }

  void use(bool edited);

 private:
  StableDiffusion& model_;
  EditedWeights weights_;
};

}  // namespace lacuna
