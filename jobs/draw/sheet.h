// Grids of sampled images with their prompts and seeds as labels.
#pragma once

#include <span>

#include "models/generate.h"
#include "pictures/image.h"

namespace lacuna {

// One row a prompt and one column a seed; single images of many prompts carry their captions.
// `count` images of each prompt follow one another.
Image contact_sheet(std::span<const Image> images, std::span<const ImageRequest> requests,
                    size_t count);

// One row a prompt; for every seed the image of the original and beside it the edited one's.
Image comparison_sheet(std::span<const Image> original, std::span<const Image> edited,
                       std::span<const ImageRequest> requests, size_t count);

// The same requests drawn by several models, with a label each: one row a prompt and model, one
// column a seed; if every prompt has one image, one row a model and one column a prompt.
Image variant_sheet(std::span<const std::vector<Image>> drawn, std::span<const std::string> labels,
                    std::span<const ImageRequest> requests, size_t count);

}  // namespace lacuna
