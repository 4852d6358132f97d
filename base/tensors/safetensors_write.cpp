// The writer.
#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/tensors/safetensors.h"

namespace lacuna {
namespace {

size_t bytes_of(const TensorToWrite& tensor) {
  size_t bytes = size_of(tensor.dtype);
  for (const int64_t n : tensor.shape) bytes *= static_cast<size_t>(n);
  return bytes;
}

std::string header_of(const std::vector<TensorToWrite>& tensors,
                      const TensorFile::Metadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  size_t begin = 0;
  for (const TensorToWrite& tensor : tensors) {
    const size_t end = begin + bytes_of(tensor);
    header[tensor.name] = {
        {"dtype", name_of(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {begin, end}}};
    begin = end;
  }
  // Text from prompts may reach the metadata: bytes that are no UTF-8 are replaced, never fatal.
  std::string text = header.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::vector<TensorToWrite> tensors,
                       const TensorFile::Metadata& metadata, Overwrite overwrite) {
  static_assert(std::endian::native == std::endian::little);
  std::sort(tensors.begin(), tensors.end(), [](const TensorToWrite& a, const TensorToWrite& b) {
    const size_t wide_a = size_of(a.dtype), wide_b = size_of(b.dtype);
    return wide_a != wide_b ? wide_a > wide_b : a.name < b.name;
  });
  AtomicFile file(path, overwrite);
  const std::string header = header_of(tensors, metadata);
  const uint64_t size = header.size();
  file.write(std::as_bytes(std::span(&size, 1)));
  file.write(header);
  std::vector<std::byte> bytes;
  for (const TensorToWrite& tensor : tensors) {
    bytes.assign(bytes_of(tensor), std::byte{0});
    tensor.fill(bytes);
    file.write(bytes);
  }
  file.commit();
}

}  // namespace lacuna
