// The reader. The format's rules: github.com/huggingface/safetensors, README, "Format".
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/tensors/tensor_format.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

constexpr size_t max_header = 100'000'000;  // the format's own limit
constexpr size_t max_rank = 8;

uint64_t announced_header(std::span<const std::byte> file) {
  uint64_t size = 0;
  for (int i = 7; i >= 0; i--) size = size << 8 | std::to_integer<uint64_t>(file[i]);
  return size;
}

// Reads one file's header; `fail` names the file and asks for a new download.
class HeaderReader {
 public:
  HeaderReader(const fs::path& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  void read(TensorContents& contents) {
    const std::string_view header = header_text();
    data_ = file_.subspan(8 + header.size());
    const Json json = parse_json(header, display(path_), {.bytes = max_header});
    std::vector<std::pair<size_t, size_t>> ranges;
    for (const auto& [name, value] : json.members()) {
      if (name == "__metadata__") {
        for (const auto& [key, text] : value.members())
          contents.metadata[key] = text.as<std::string>();
        continue;
      }
      const auto [begin, end] = range_of(name, value);
      ranges.emplace_back(begin, end);
      contents.entries.emplace(name, entry_of(name, value, data_.subspan(begin, end - begin)));
    }
    check_cover(std::move(ranges));
  }

 private:
  template <typename... Args>
  [[noreturn]] void fail(fmt::format_string<Args...> why, Args&&... args) const {
    throw InputError("[safetensors] {}: {}; the file is damaged or incomplete, download it again",
                     display(path_), fmt::format(why, std::forward<Args>(args)...));
  }

  std::string_view header_text() const {
    if (file_.size() < 8) fail("{} bytes are too few for a tensor file", file_.size());
    const uint64_t size = announced_header(file_);
    if (size > max_header)
      fail("a header of {} bytes is announced, at most {} are allowed", size, max_header);
    if (size > file_.size() - 8) {
      fail("a header of {} bytes is announced but {} bytes follow", size, file_.size() - 8);
    }
    const std::string_view text(reinterpret_cast<const char*>(file_.data()) + 8, size);
    if (!text.starts_with('{')) fail("the header does not begin with '{{'");
    return text;
  }

  std::pair<size_t, size_t> range_of(const std::string& name, const Json& value) const {
    const auto offsets = value.get<std::vector<uint64_t>>("data_offsets");
    if (offsets.size() != 2)
      fail("tensor '{}' has {} data offsets instead of 2", name, offsets.size());
    if (offsets[0] > offsets[1]) {
      fail("tensor '{}' ends at byte {}, before its start at {}", name, offsets[1], offsets[0]);
    }
    if (offsets[1] > data_.size()) {
      fail("tensor '{}' ends at byte {} of the data but there are {}", name, offsets[1],
           data_.size());
    }
    return {static_cast<size_t>(offsets[0]), static_cast<size_t>(offsets[1])};
  }

  TensorFile::Entry entry_of(const std::string& name, const Json& value,
                             std::span<const std::byte> bytes) const {
    const auto dtype = value.get<std::string>("dtype");
    const std::optional<FileDType> type = file_dtype(dtype);
    if (!type) {
      throw InputError(
          "[safetensors] {}: tensor '{}' has the type '{}', which is not supported; "
          "convert it to F16 or F32",
          display(path_), name, dtype);
    }
    const auto shape = value.get<std::vector<int64_t>>("shape");
    if (shape.size() > max_rank) fail("tensor '{}' has {} dimensions", name, shape.size());
    // Divides what the file holds instead of multiplying what it claims: nothing can overflow.
    bool empty = false;
    uint64_t left = bytes.size() / size_of(*type);
    bool exact = bytes.size() % size_of(*type) == 0;
    for (const int64_t n : shape) {
      if (n < 0) fail("tensor '{}' has a dimension of {}", name, n);
      if (n == 0) {
        empty = true;
        continue;
      }
      exact = exact && left % static_cast<uint64_t>(n) == 0;
      left /= static_cast<uint64_t>(n);
    }
    if (empty ? !bytes.empty() : !exact || left != 1) {
      fail("tensor '{}' of type {} and shape [{}] does not fill its {} bytes", name, dtype,
           fmt::join(shape, ", "), bytes.size());
    }
    return {name, *type, shape, bytes};
  }

  // The tensors follow each other without gap or overlap up to the end of the file.
  void check_cover(std::vector<std::pair<size_t, size_t>> ranges) const {
    std::sort(ranges.begin(), ranges.end());
    size_t end = 0;
    for (const auto& [begin, next] : ranges) {
      if (begin != end)
        fail("the data has {} at byte {}", begin > end ? "a gap" : "an overlap",
             std::min(begin, end));
      end = next;
    }
    if (end != data_.size()) fail("{} bytes of data belong to no tensor", data_.size() - end);
  }

  const fs::path& path_;
  std::span<const std::byte> file_, data_;
};

// The header follows the length, and no length that is allowed looks like the text of an index.
bool recognises(std::span<const std::byte> file) {
  return file.size() > 8 && file[8] == std::byte{'{'} && announced_header(file) <= max_header;
}

TensorContents read(const fs::path& path, MappedFile file) {
  TensorContents contents;
  HeaderReader(path, file.bytes()).read(contents);
  contents.owner = std::make_shared<const MappedFile>(std::move(file));
  return contents;
}

}  // namespace

const TensorFormat safetensors_format = {recognises, read};

}  // namespace lacuna
