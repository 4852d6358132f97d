// --edit FILE[:STRENGTH]: a model under edits, for the verbs that draw.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "erase/edits/edited_weights.h"
#include "models/stable_diffusion.h"

namespace lacuna {

class Fields;

struct EditOptions {
  std::vector<std::string> files;

  void describe(Fields& fields);
  // Throws InputError where a file is no edit: asked before a device and a model are opened.
  std::vector<Edit> open() const;
};

// "red.safetensors" or "red.safetensors:0.5": what a shell leaves as arguments of their own when it
// expands --edit run/epoch-*.safetensors.
bool names_edit(const std::string& argument);

// The files that "run/epoch-*.safetensors:0.5" stands for, with the strength, numbers in the names
// in their own order; the argument itself where its file name holds no * or ?. Not every shell
// expands patterns. Throws InputError where nothing matches.
std::vector<std::string> expanded(const std::string& argument);

// Which edits a picture was made with, as one line: "red.safetensors (esd red), ...".
std::string describe(std::span<const Edit> edits);

// A model with its original UNet and text encoder or the edited ones. The model must outlive it.
class EditedModel {
 public:
  // Puts the edited weights on the model's device. Throws InputError where edits do not fit it.
  EditedModel(StableDiffusion& model, std::span<const Edit> edits, bool force)
      : model_(model),
        unet_(ModelPart::unet, model.unet_weights(), edits, force),
        text_(ModelPart::text, model.text_weights(), edits, force) {}
  EditedModel(const EditedModel&) = delete;  // the model refers to it
  ~EditedModel() { use(false); }

  void use(bool edited);
  // From the original text encoder, whichever is in use.
  TextStates original_states(const std::string& text);

 private:
  StableDiffusion& model_;
  EditedWeights unet_, text_;
  bool edited_ = false;
  std::map<std::string, TextStates> originals_;
};

}  // namespace lacuna
