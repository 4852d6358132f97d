// The `parameters` text chunk of an image in the form of A1111, which many programs read: the
// prompt, the negative prompt, and one line of settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "models/generate.h"

namespace lacuna {

// `edits` names the edits of the model, if any.
std::string parameters_text(const ImageRequest& request, const GenerateOptions& options,
                            const StableDiffusion& model, const std::string& edits = {});

// The other way round, for a program that restores an image's settings. What a text does not say,
// or says in a way that cannot be used, is left out; it may come from any program.
struct ReadParameters {
  std::string prompt, negative;
  std::optional<int> steps;
  std::optional<std::string> sampler;  // lacuna's name
  std::optional<float> guidance, eta;
  std::optional<uint64_t> seed;
  std::optional<int64_t> width, height;
  std::optional<RngKind> rng;
};
ReadParameters read_parameters(const std::string& text);

}  // namespace lacuna
