#include "jobs/erase/picture_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/options/fields.h"
#include "erase/examples/made_images.h"
#include "erase/examples/training_images.h"
#include "erase/groups.h"

namespace lacuna {

void PictureOptions::describe(Fields& f) {
  f.group(group::examples);
  f.add("images", images, "DIR", "Folder of pictures of the concept (PNG, JPEG)");
  f.add("make", make, "WHAT", "Make pictures of the concept instead: " + made_images_help());
  f.add("make-count", made, "N", "How many pictures are made").range(1, 10'000, "8 is usual");
}

void PictureOptions::check() const {
  if (!images.empty() && !make.empty())
    throw InputError("[images] give {} or {}, not both", option("images"), option("make"));
  fields_of(*this, "images").check();
}

void PictureOptions::take(ClipOptions& clip, const StableDiffusion& model,
                          Progress& progress) const {
  const int64_t factor = model.vae_config().factor();
  const int width = static_cast<int>(clip.size.width * factor);
  const int height = static_cast<int>(clip.size.height * factor);
  if (!make.empty()) {
    clip.images = made_images(make, width, height, made, clip.seed);
    clip.source = make;
  } else if (!images.empty()) {
    TrainingImages found = load_training_images(images, width, height);
    for (const std::string& why : found.skipped) progress.say("skipped: " + why);
    if (!found.skipped.empty())
      progress.say(fmt::format("{} of {} pictures skipped", found.skipped.size(),
                               found.skipped.size() + found.images.size()));
    clip.images = std::move(found.images);
    clip.source = display(std::filesystem::path(images));
  }
}

}  // namespace lacuna
