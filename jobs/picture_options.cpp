#include "jobs/picture_options.h"

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "erase/methods/made_images.h"
#include "erase/methods/training_images.h"
#include "erase/range.h"

namespace lacuna {

void PictureOptions::add_to(CLI::App& c) {
  c.add_option("--images", images, "Pictures of the concept (PNG, JPEG)")->type_name("DIR");
  c.add_option("--make", make, "Or have them made: " + made_images_help())->type_name("WHAT");
  c.add_option("--make-count", made, "How many are made")->capture_default_str()->type_name("N");
}

void PictureOptions::check() const {
  if (!images.empty() && !make.empty())
    throw InputError("[images] give --images or --make, not both");
  check_range("images", "--make-count", static_cast<double>(made), 1, 10'000, "8 is usual");
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
