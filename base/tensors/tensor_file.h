// Files of named tensors, whatever their format: names, types, shapes, metadata, and the bytes by
// name.
//
// A reader per format (base/tensors/tensor_format.h) checks every length, offset, shape and name
// before an entry is made, so an entry's bytes are always as many as its shape and type say. Errors
// name file and tensor. A file stays mapped as long as a TensorFile that holds its entries, or a
// copy of it, lives; the pages of a tensor are read when its bytes are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/tensors/file_dtype.h"

namespace lacuna {

class TensorFile {
 public:
  struct Entry {
    std::string name;
    FileDType dtype;
    std::vector<int64_t> shape;        // empty for a scalar
    std::span<const std::byte> bytes;  // row-major, without gaps

    size_t count() const { return bytes.size() / size_of(dtype); }
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Metadata = std::map<std::string, std::string>;

  // Opens a file of a known format, which it recognises by its content, or the index
  // (.safetensors.index.json) of a checkpoint that is split over several files. Throws InputError
  // for every other and every damaged file.
  static TensorFile open(const std::filesystem::path& path);

  // The same file under other names: `change` may alter an entry's name and shape (of as many
  // values) and says whether the entry stays. Throws InputError if two tensors get one name.
  TensorFile renamed(const std::function<bool(Entry&)>& change) &&;

  const Entry* find(std::string_view name) const;  // null if there is none
  const Entry& at(std::string_view name) const;    // an error if there is none
  const Entries& entries() const { return entries_; }
  const Metadata& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

  // All values of a floating-point entry as floats; an error for other types, which are no weights.
  void to_float(const Entry& entry, std::span<float> values) const;

 private:
  void add_file(const std::filesystem::path& path, MappedFile file);
  void add_files_of_index();

  std::filesystem::path path_;
  std::vector<std::shared_ptr<const void>> owners_;  // of the entries' bytes
  Entries entries_;
  Metadata metadata_;
};

}  // namespace lacuna
