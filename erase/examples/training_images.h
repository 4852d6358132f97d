// A user's folder of pictures, as a method trains on them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pictures/image.h"

namespace lacuna {

struct TrainingImages {
  std::vector<Image> images;         // in the order of the files' names
  std::vector<std::string> skipped;  // why a file could not be read: one sentence each
};

// Every PNG and JPEG of the folder, resized (pictures/resize.h). Throws InputError where the folder
// cannot be read or no picture is left.
TrainingImages load_training_images(const std::filesystem::path& folder, int width, int height);

}  // namespace lacuna
