// Where images go: one named file, or a folder in which they are numbered after those that are
// there.
#pragma once

#include <filesystem>
#include <string>

#include "base/file.h"

namespace lacuna {

class PictureOutput {
 public:
  // `out` ending in .png is one file; everything else a folder, made when missing. Problems that
  // can be known before hours of work are found here: a file that exists (without `force`), a
  // folder that cannot be written.
  PictureOutput(const std::filesystem::path& out, int64_t pictures, bool force);

  // The path of the next image, such as out/00007-1234.png.
  std::filesystem::path next(uint64_t seed);
  // The path of the grid that belongs to the images.
  std::filesystem::path grid() const;
  Overwrite overwrite() const { return force_ ? Overwrite::yes : Overwrite::no; }

 private:
  std::filesystem::path out_;
  bool single_, force_;
  int64_t number_ = 0, first_ = 0;
};

}  // namespace lacuna
