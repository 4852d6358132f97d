#include "base/tensors/file_dtype.h"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <functional>

#include "base/tensors/float8.h"
#include "base/tensors/half.h"

namespace lacuna {
namespace {

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

template <typename Stored, typename Convert>
void convert_from(std::span<const std::byte> bytes, std::span<float> values, Convert convert) {
  for (size_t i = 0; i < values.size(); i++) {
    Stored stored;
    std::memcpy(&stored, bytes.data() + i * sizeof stored, sizeof stored);
    values[i] = convert(stored);
  }
}

template <typename Stored>
void convert_numbers(std::span<const std::byte> bytes, std::span<float> values) {
  convert_from<Stored>(bytes, values, [](Stored v) { return static_cast<float>(v); });
}

template <typename Stored, typename Convert>
void convert_to(std::span<const float> values, std::span<std::byte> bytes, Convert convert) {
  for (size_t i = 0; i < values.size(); i++) {
    const Stored value = convert(values[i]);
    std::memcpy(bytes.data() + i * sizeof value, &value, sizeof value);
  }
}

}  // namespace

std::string_view name_of(FileDType dtype) { return row_of(dtype).name; }
size_t size_of(FileDType dtype) { return row_of(dtype).size; }
bool is_floating(FileDType dtype) { return dtype <= FileDType::f8_e5m2; }

std::optional<FileDType> file_dtype(std::string_view name) {
  for (const DTypeRow& row : dtypes)
    if (row.name == name) return row.dtype;
  return {};
}

void floats_from_bytes(FileDType dtype, std::span<const std::byte> bytes, std::span<float> values) {
  assert(bytes.size() == values.size() * size_of(dtype));
  switch (dtype) {
    case FileDType::f64:
      return convert_numbers<double>(bytes, values);
    case FileDType::f32:
      return convert_from<float>(bytes, values, std::identity());
    case FileDType::f16:
      return convert_from<uint16_t>(bytes, values, float_from_half);
    case FileDType::bf16:
      return convert_from<uint16_t>(bytes, values, float_from_bfloat);
    case FileDType::f8_e4m3:
      return convert_from<uint8_t>(bytes, values, float_from_e4m3);
    case FileDType::f8_e5m2:
      return convert_from<uint8_t>(bytes, values, float_from_e5m2);
    case FileDType::i64:
      return convert_numbers<int64_t>(bytes, values);
    case FileDType::i32:
      return convert_numbers<int32_t>(bytes, values);
    case FileDType::i16:
      return convert_numbers<int16_t>(bytes, values);
    case FileDType::i8:
      return convert_numbers<int8_t>(bytes, values);
    case FileDType::u64:
      return convert_numbers<uint64_t>(bytes, values);
    case FileDType::u32:
      return convert_numbers<uint32_t>(bytes, values);
    case FileDType::u16:
      return convert_numbers<uint16_t>(bytes, values);
    case FileDType::u8:
      return convert_numbers<uint8_t>(bytes, values);
    case FileDType::boolean:
      return convert_from<uint8_t>(bytes, values, [](uint8_t v) { return v != 0 ? 1.0f : 0.0f; });
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
    case FileDType::f8_e4m3:
      return convert_to<uint8_t>(values, bytes, e4m3_from_float);
    case FileDType::f8_e5m2:
      return convert_to<uint8_t>(values, bytes, e5m2_from_float);
    default:
      assert(!"a floating-point type");
  }
}

}  // namespace lacuna
