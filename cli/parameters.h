// The `parameters` text chunk of a picture in the form of A1111, which many programs read: the
// prompt, the negative prompt, and one line of settings.
#pragma once

#include <string>

#include "models/generate.h"

namespace lacuna {

// `edits` names the edits of the model, if any.
std::string parameters_text(const ImageRequest& request, const GenerateOptions& options,
                            const StableDiffusion& model, const std::string& edits = {});

}  // namespace lacuna
