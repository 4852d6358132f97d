#include "erase/examples/training_images.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "pictures/resize.h"

namespace lacuna {
namespace fs = std::filesystem;

TrainingImages load_training_images(const fs::path& folder, int width, int height) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error))
    if (has_picture_ending(entry.path())) files.push_back(entry.path());
  if (error)
    throw InputError("[images] cannot read the folder {}: {}; name another with {}",
                     display(folder), error.message(), option("images"));
  std::ranges::sort(files);  // the order of a folder differs from system to system
  TrainingImages result;
  for (const fs::path& file : files) try {
      result.images.push_back(resized(load_image(file), width, height));
    } catch (const InputError& e) { result.skipped.emplace_back(e.what()); }
  if (!result.images.empty()) return result;
  if (files.empty())
    throw InputError("[images] {} holds no PNG or JPEG picture; put some there, or use {}",
                     display(folder), option("make"));
  throw InputError("[images] none of the {} pictures in {} can be read; the first: {}",
                   files.size(), display(folder), result.skipped[0]);
}

}  // namespace lacuna
