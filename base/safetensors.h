// Tensor files in the safetensors format: 8 bytes of header length, a JSON header, then the raw
// tensors.
//
// The reader maps the file and trusts nothing in it: every length, offset, shape and name is
// checked before use, gaps and overlaps are refused, and each error names file and tensor. The
// writer holds one tensor in memory at a time and puts the file in place only when it is whole.
// Numbers are little-endian, as on every machine that Vulkan runs on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace lacuna {

enum class FileDType {
  f64,
  f32,
  f16,
  bf16,
  f8_e4m3,
  f8_e5m2,
  i64,
  i32,
  i16,
  i8,
  u64,
  u32,
  u16,
  u8,
  boolean
};

std::string_view name_of(FileDType dtype);  // as in files: "F32", "BF16", ...
size_t size_of(FileDType dtype);            // bytes of one element

class SafeTensors {
 public:
  struct Entry {
    std::string name;
    FileDType dtype;
    std::vector<int64_t> shape;        // empty for a scalar
    std::span<const std::byte> bytes;  // in the mapped file; lives as long as the SafeTensors

    size_t count() const { return bytes.size() / size_of(dtype); }
  };
  using Entries = std::map<std::string, Entry, std::less<>>;
  using Metadata = std::map<std::string, std::string>;

  // A .safetensors file, or the .safetensors.index.json of a checkpoint that is split over several.
  static SafeTensors open(const std::filesystem::path& path);

  // The same file under other names: `change` may alter an entry's name and shape (of as many
  // values) and says whether the entry stays.
  SafeTensors renamed(const std::function<bool(Entry&)>& change) &&;

  const Entry* find(std::string_view name) const;  // null if there is none
  const Entry& at(std::string_view name) const;    // an error if there is none
  const Entries& entries() const { return entries_; }
  const Metadata& metadata() const { return metadata_; }
  const std::filesystem::path& path() const { return path_; }

  // All values of a floating-point entry as floats; an error for other types.
  void to_float(const Entry& entry, std::span<float> values) const;

 private:
  void add_file(const std::filesystem::path& path);

  std::filesystem::path path_;
  std::vector<MappedFile> files_;
  Entries entries_;
  Metadata metadata_;
};

// What read() gives and write() takes for floating-point types; f64, f32, f16 and bf16 only.
void floats_from_bytes(FileDType dtype, std::span<const std::byte> bytes, std::span<float> values);
void bytes_from_floats(std::span<const float> values, FileDType dtype, std::span<std::byte> bytes);

struct TensorToWrite {
  std::string name;
  FileDType dtype;
  std::vector<int64_t> shape;
  std::function<void(std::span<std::byte>)> fill;  // called once, when its turn comes
};

// Tensors are written with the widest types first and by name within a type, so all of them are
// aligned and equal content gives equal files.
void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const SafeTensors::Metadata& metadata, Overwrite overwrite);

}  // namespace lacuna
