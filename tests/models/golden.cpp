#include "tests/models/golden.h"

#include <cmath>
#include <cstring>

namespace lacuna::test {

std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(LACUNA_SOURCE_DIR) / "tests" / "fixtures" / name;
}

Array read(const TensorFile& file, const std::string& name) {
  const TensorFile::Entry& entry = file.at(name);
  Array array{entry.shape, std::vector<float>(entry.count())};
  file.to_float(entry, array.values);
  return array;
}

std::vector<int32_t> read_ids(const TensorFile& file, const std::string& name) {
  const TensorFile::Entry& entry = file.at(name);
  REQUIRE(entry.dtype == FileDType::i32);
  std::vector<int32_t> ids(entry.count());
  std::memcpy(ids.data(), entry.bytes.data(), entry.bytes.size());
  return ids;
}

Array channels_last(const Array& a) {
  REQUIRE(a.shape.size() == 4);
  const int64_t n = a.shape[0], c = a.shape[1], pixels = a.shape[2] * a.shape[3];
  Array out{{n, a.shape[2], a.shape[3], c}, std::vector<float>(a.values.size())};
  for (int64_t i = 0; i < n; i++)
    for (int64_t k = 0; k < c; k++)
      for (int64_t p = 0; p < pixels; p++)
        out.values[static_cast<size_t>((i * pixels + p) * c + k)] =
            a.values[static_cast<size_t>((i * c + k) * pixels + p)];
  return out;
}

double relative_error(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double difference = 0, norm = 0;
  for (size_t i = 0; i < a.size(); i++) {
    difference += (double(a[i]) - b[i]) * (double(a[i]) - b[i]);
    norm += double(b[i]) * b[i];
  }
  return std::sqrt(difference / norm);
}

std::vector<DType> types_of(const Device& device) {
  if (device.traits().storage16) return {DType::f32, DType::f16};
  MESSAGE("skipped: f16 storage, which this device does not have");
  return {DType::f32};
}

}  // namespace lacuna::test
