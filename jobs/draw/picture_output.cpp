#include "jobs/draw/picture_output.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/options/option.h"

namespace lacuna {
namespace {

// The number after the highest one in names such as 00007-1234.png and grid-00007.png.
int64_t next_number(const std::filesystem::path& folder) {
  int64_t next = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    std::string name = entry.path().filename().string();
    if (name.starts_with("grid-")) name.erase(0, 5);
    int64_t number = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    const std::ptrdiff_t digits = end - name.data();
    if (error == std::errc() && digits >= 5 && digits <= 9 && entry.path().extension() == ".png")
      next = std::max(next, number + 1);
  }
  return next;
}

}  // namespace

PictureOutput::PictureOutput(const std::filesystem::path& out, int64_t pictures, bool force)
    : out_(out), single_(out.extension() == ".png"), force_(force) {
  if (single_ && pictures > 1)
    throw InputError(
        "[out] {} pictures do not fit in the one file {}; name a folder, or add {} to get one "
        "picture of all",
        pictures, display(out), option("grid"));
  if (single_) {
    if (std::filesystem::is_directory(out))
      throw InputError("[out] {} is a folder; name a file", display(out));
    if (std::filesystem::exists(out) && !force)
      throw InputError("[out] {} exists; choose another name or add {} to replace it", display(out),
                       option("force"));
    if (out.has_parent_path()) make_folder(out.parent_path());
    AtomicFile(out, overwrite());  // can be created; without commit() nothing stays
    return;
  }
  make_folder(out);
  AtomicFile(out / "picture.png", Overwrite::yes);
  first_ = number_ = next_number(out);
}

std::filesystem::path PictureOutput::next(uint64_t seed) {
  if (single_) return out_;
  return out_ / fmt::format("{:05}-{}.png", number_++, seed);
}

std::filesystem::path PictureOutput::grid() const {
  return single_ ? out_ : out_ / fmt::format("grid-{:05}.png", first_);
}

}  // namespace lacuna
