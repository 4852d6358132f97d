// --edit FILE[:STRENGTH]: a model under edits, for the verbs that draw.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "erase/edits/edited_weights.h"
#include "models/stable_diffusion.h"
#include "models/text/text_cache.h"

namespace lacuna {

class Fields;

struct EditOptions {
  std::vector<std::string> files;

  void describe(Fields& fields);
  // Throws InputError if a file is no edit. Called before a device and a model are opened.
  std::vector<Edit> open() const;
};

// "red.safetensors" or "red.safetensors:0.5": what a shell leaves as arguments of their own when it
// expands --edit run/epoch-*.safetensors.
bool names_edit(const std::string& argument);

// The files that "run/epoch-*.safetensors:0.5" stands for, with the strength, numbers in the names
// in their own order; the argument itself if its file name holds no * or ?. Not every shell expands
// patterns. Throws InputError if nothing matches.
std::vector<std::string> expanded(const std::string& argument);

// Which edits an image was made with, as one line: "red.safetensors (esd red), ...".
std::string describe(std::span<const Edit> edits);

// The UNet and the text encoder of a model under edits. The model must outlive it, and stays as it
// is.
class EditedModel {
 public:
  // Puts the edited weights on the model's device. Throws InputError if edits do not fit it.
  EditedModel(StableDiffusion& model, std::span<const Edit> edits, bool force);
  EditedModel(const EditedModel&) = delete;  // its predictors refer to it

  // The model's own if the edits change nothing of that part.
  Predictor& predictor() { return predictor_ ? *predictor_ : model_.predictor(); }
  TextPredictor& text_predictor() {
    return text_predictor_ ? *text_predictor_ : model_.text_predictor();
  }
  TextCache& text() { return text_; }

 private:
  StableDiffusion& model_;
  EditedWeights unet_weights_, text_weights_;
  std::optional<Predictor> predictor_;
  std::optional<TextPredictor> text_predictor_;
  TextCache text_;
};

}  // namespace lacuna
