// The reader. The format's rules: github.com/huggingface/safetensors, README, "Format".
#include "base/safetensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/half.h"
#include "base/json.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

constexpr size_t max_header = 100'000'000;  // the format's own limit
constexpr size_t max_rank = 8;

struct DTypeRow {
  FileDType dtype;
  std::string_view name;
  size_t size;
};
constexpr DTypeRow dtypes[] = {
    {FileDType::f64, "F64", 8},         {FileDType::f32, "F32", 4},
    {FileDType::f16, "F16", 2},         {FileDType::bf16, "BF16", 2},
    {FileDType::f8_e4m3, "F8_E4M3", 1}, {FileDType::f8_e5m2, "F8_E5M2", 1},
    {FileDType::i64, "I64", 8},         {FileDType::i32, "I32", 4},
    {FileDType::i16, "I16", 2},         {FileDType::i8, "I8", 1},
    {FileDType::u64, "U64", 8},         {FileDType::u32, "U32", 4},
    {FileDType::u16, "U16", 2},         {FileDType::u8, "U8", 1},
    {FileDType::boolean, "BOOL", 1},
};

const DTypeRow& row_of(FileDType dtype) {
  return *std::find_if(std::begin(dtypes), std::end(dtypes),
                       [&](const DTypeRow& row) { return row.dtype == dtype; });
}

// Reads one file's header; `fail` names the file and asks for a new download.
class HeaderReader {
 public:
  HeaderReader(const fs::path& path, std::span<const std::byte> file) : path_(path), file_(file) {}

  // Calls add(entry) for each tensor.
  void read(const std::function<void(SafeTensors::Entry)>& add, SafeTensors::Metadata& metadata) {
    const std::string_view header = header_text();
    data_ = file_.subspan(8 + header.size());
    const Json json = parse_json(header, display(path_), {.bytes = max_header});
    std::vector<std::pair<size_t, size_t>> ranges;
    for (const auto& [name, value] : json.members()) {
      if (name == "__metadata__") {
        for (const auto& [key, text] : value.members()) metadata[key] = text.as<std::string>();
        continue;
      }
      const auto [begin, end] = range_of(name, value);
      ranges.emplace_back(begin, end);
      add(entry_of(name, value, data_.subspan(begin, end - begin)));
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
    uint64_t size = 0;
    for (int i = 7; i >= 0; i--) size = size << 8 | std::to_integer<uint64_t>(file_[i]);
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

  SafeTensors::Entry entry_of(const std::string& name, const Json& value,
                              std::span<const std::byte> bytes) const {
    const auto dtype = value.get<std::string>("dtype");
    const auto row =
        std::find_if(std::begin(dtypes), std::end(dtypes),
                     [&](const DTypeRow& candidate) { return candidate.name == dtype; });
    if (row == std::end(dtypes)) {
      throw InputError(
          "[safetensors] {}: tensor '{}' has the type '{}', which is not supported; "
          "convert it to F16 or F32",
          display(path_), name, dtype);
    }
    const auto shape = value.get<std::vector<int64_t>>("shape");
    if (shape.size() > max_rank) fail("tensor '{}' has {} dimensions", name, shape.size());
    // Divides what the file holds instead of multiplying what it claims: nothing can overflow.
    bool empty = false;
    uint64_t left = bytes.size() / row->size;
    bool exact = bytes.size() % row->size == 0;
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
    return {name, row->dtype, shape, bytes};
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

template <typename Stored>
Stored load(const std::byte* from) {  // tensors may start at any byte
  Stored value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename Stored, typename Convert>
void convert_from(std::span<const std::byte> bytes, std::span<float> values, Convert convert) {
  for (size_t i = 0; i < values.size(); i++) {
    values[i] = convert(load<Stored>(bytes.data() + i * sizeof(Stored)));
  }
}

template <typename Stored, typename Convert>
void convert_to(std::span<const float> values, std::span<std::byte> bytes, Convert convert) {
  for (size_t i = 0; i < values.size(); i++) {
    const Stored value = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
}

// A file named by the index of a checkpoint: a plain name beside it.
fs::path shard_beside(const fs::path& index, const std::string& name) {
  if (name.empty() || name[0] == '.' || name.find_first_of("/\\:") != std::string::npos) {
    throw InputError(
        "[safetensors] {}: '{}' is not the name of a file beside it; download it again",
        display(index), name);
  }
  return index.parent_path() / utf8_path(name);
}

}  // namespace

std::string_view name_of(FileDType dtype) { return row_of(dtype).name; }
size_t size_of(FileDType dtype) { return row_of(dtype).size; }

SafeTensors SafeTensors::open(const fs::path& path) {
  SafeTensors tensors;
  tensors.path_ = path;
  if (path.extension() != ".json") {
    tensors.add_file(path);
    return tensors;
  }
  std::map<std::string, fs::path> file_of;
  for (const auto& [tensor, file] : read_json(path).at("weight_map").members()) {
    file_of[tensor] = shard_beside(path, file.as<std::string>());
  }
  std::set<fs::path> opened;
  for (const auto& [tensor, file] : file_of) {
    if (opened.insert(file).second) tensors.add_file(file);
    tensors.at(tensor);
  }
  return tensors;
}

void SafeTensors::add_file(const fs::path& path) {
  files_.push_back(MappedFile::open(path));
  const auto add = [&](Entry entry) {
    const auto [at, added] = entries_.try_emplace(entry.name, entry);
    if (!added) {
      throw InputError("[safetensors] {}: tensor '{}' is in another file of the checkpoint too",
                       display(path), at->first);
    }
  };
  HeaderReader(path, files_.back().bytes()).read(add, metadata_);
}

SafeTensors SafeTensors::renamed(const std::function<bool(Entry&)>& change) && {
  SafeTensors other;
  for (auto& [name, entry] : entries_) {
    Entry changed = entry;
    if (!change(changed)) continue;
    const auto [at, added] = other.entries_.try_emplace(changed.name, changed);
    if (!added)
      throw InputError("[safetensors] {}: '{}' stands for '{}', which is there already",
                       display(path_), name, at->first);
  }
  other.path_ = std::move(path_);
  other.files_ = std::move(files_);
  other.metadata_ = std::move(metadata_);
  return other;
}

const SafeTensors::Entry* SafeTensors::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

const SafeTensors::Entry& SafeTensors::at(std::string_view name) const {
  if (const Entry* entry = find(name)) return *entry;
  throw InputError("[safetensors] {} has no tensor '{}'; is it the right checkpoint?",
                   display(path_), name);
}

void SafeTensors::to_float(const Entry& entry, std::span<float> values) const {
  switch (entry.dtype) {
    case FileDType::f64:
    case FileDType::f32:
    case FileDType::f16:
    case FileDType::bf16:
      return floats_from_bytes(entry.dtype, entry.bytes, values);
    default:
      throw InputError(
          "[safetensors] {}: tensor '{}' has the type {} where a floating-point type is "
          "expected; convert it to F16 or F32",
          display(path_), entry.name, name_of(entry.dtype));
  }
}

void floats_from_bytes(FileDType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  assert(bytes.size() == values.size() * size_of(dtype));
  switch (dtype) {
    case FileDType::f64:
      return convert_from<double>(bytes, values, [](double v) { return static_cast<float>(v); });
    case FileDType::f32:
      return convert_from<float>(bytes, values, std::identity());
    case FileDType::f16:
      return convert_from<uint16_t>(bytes, values, float_from_half);
    case FileDType::bf16:
      return convert_from<uint16_t>(bytes, values, float_from_bfloat);
    default:
      assert(!"a floating-point type");
  }
}

void bytes_from_floats(std::span<const float> values, FileDType dtype, std::span<std::byte> bytes) {
  assert(bytes.size() == values.size() * size_of(dtype));
  switch (dtype) {
    case FileDType::f64:
      return convert_to<double>(values, bytes, [](float v) { return double{v}; });
    case FileDType::f32:
      return convert_to<float>(values, bytes, std::identity());
    case FileDType::f16:
      return convert_to<uint16_t>(values, bytes, half_from_float);
    case FileDType::bf16:
      return convert_to<uint16_t>(values, bytes, bfloat_from_float);
    default:
      assert(!"a floating-point type");
  }
}

}  // namespace lacuna
