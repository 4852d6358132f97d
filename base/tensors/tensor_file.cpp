#include "base/tensors/tensor_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "base/tensors/tensor_format.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

const TensorFormat* const formats[] = {&safetensors_format};

bool begins_with(std::span<const std::byte> file, std::string_view text) {
  return file.size() >= text.size() &&
         std::equal(text.begin(), text.end(), file.begin(),
                    [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
}

// torch.save's files: a zip since PyTorch 1.6, a bare pickle of protocol 2 before.
bool is_pickled(std::span<const std::byte> file) {
  return begins_with(file, "PK\x03\x04") || begins_with(file, "\x80\x02");
}

// The format of a file; null if none knows it.
const TensorFormat* format_of(std::span<const std::byte> file) {
  for (const TensorFormat* format : formats)
    if (format->recognises(file)) return format;
  return nullptr;
}

// A file named by the index of a checkpoint: a plain name beside it.
fs::path shard_beside(const fs::path& index, const std::string& name) {
  if (name.empty() || name[0] == '.' || name.find_first_of("/\\:") != std::string::npos) {
    throw InputError("[tensors] {}: '{}' is not the name of a file beside it; download it again",
                     display(index), name);
  }
  return index.parent_path() / utf8_path(name);
}

}  // namespace

TensorFile TensorFile::open(const fs::path& path) {
  TensorFile tensors;
  tensors.path_ = path;
  MappedFile file = MappedFile::open(path);
  if (begins_with(file.bytes(), "{") && !format_of(file.bytes()))
    tensors.add_files_of_index();
  else
    tensors.add_file(path, std::move(file));
  return tensors;
}

void TensorFile::add_files_of_index() {
  std::map<std::string, fs::path> file_of;
  for (const auto& [tensor, file] : read_json(path_).at("weight_map").members()) {
    file_of[tensor] = shard_beside(path_, file.as<std::string>());
  }
  std::set<fs::path> opened;
  for (const auto& [tensor, file] : file_of) {
    if (opened.insert(file).second) add_file(file, MappedFile::open(file));
    at(tensor);
  }
}

void TensorFile::add_file(const fs::path& path, MappedFile file) {
  const TensorFormat* format = format_of(file.bytes());
  if (!format && is_pickled(file.bytes()))
    throw InputError(
        "[tensors] {} is pickled, which can run code and is not read; save it as safetensors",
        display(path));
  // What no format knows is most often a damaged safetensors file, whose reader says what is wrong.
  if (!format) format = &safetensors_format;
  TensorContents contents = format->read(path, std::move(file));
  for (auto& [name, entry] : contents.entries) {
    const auto [at, added] = entries_.try_emplace(name, std::move(entry));
    if (!added) {
      throw InputError("[tensors] {}: tensor '{}' is in another file of the checkpoint too",
                       display(path), at->first);
    }
  }
  for (auto& [key, text] : contents.metadata) metadata_[key] = std::move(text);
  owners_.push_back(std::move(contents.owner));
}

TensorFile TensorFile::renamed(const std::function<bool(Entry&)>& change) && {
  TensorFile other;
  for (auto& [name, entry] : entries_) {
    Entry changed = entry;
    if (!change(changed)) continue;
    const auto [at, added] = other.entries_.try_emplace(changed.name, changed);
    if (!added)
      throw InputError("[tensors] {}: '{}' stands for '{}', which is there already", display(path_),
                       name, at->first);
  }
  other.path_ = std::move(path_);
  other.owners_ = std::move(owners_);
  other.metadata_ = std::move(metadata_);
  return other;
}

const TensorFile::Entry* TensorFile::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

const TensorFile::Entry& TensorFile::at(std::string_view name) const {
  if (const Entry* entry = find(name)) return *entry;
  throw InputError("[tensors] {} has no tensor '{}'; is it the right checkpoint?", display(path_),
                   name);
}

void TensorFile::to_float(const Entry& entry, std::span<float> values) const {
  if (!is_floating(entry.dtype))
    throw InputError(
        "[tensors] {}: tensor '{}' has the type {}, but a floating-point type is expected; convert "
        "it to F16 or F32",
        display(path_), entry.name, name_of(entry.dtype));
  floats_from_bytes(entry.dtype, entry.bytes, values);
}

}  // namespace lacuna
