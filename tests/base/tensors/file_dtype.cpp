#include "base/tensors/file_dtype.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "base/tensors/float8.h"

using namespace lacuna;

namespace {

// The floats that stored values of a type are.
template <typename Stored>
std::vector<float> floats(FileDType dtype, const std::vector<Stored>& stored) {
  std::vector<float> values(stored.size());
  floats_from_bytes(dtype, std::as_bytes(std::span(stored)), values);
  return values;
}

template <typename Stored>
void check_every_byte(FileDType dtype, float (*expected)(Stored)) {
  std::vector<Stored> all;
  for (int i = 0; i < 256; i++) all.push_back(static_cast<Stored>(i));
  const std::vector<float> values = floats(dtype, all);
  for (size_t i = 0; i < 256; i++) {
    CAPTURE(i);
    const float wanted = expected(all[i]);
    CHECK((std::isnan(wanted) ? std::isnan(values[i]) : values[i] == wanted));
    CHECK(std::signbit(values[i]) == std::signbit(wanted));
  }
}

}  // namespace

TEST_CASE("every value of every 8-bit type") {
  check_every_byte<int8_t>(FileDType::i8, [](int8_t v) { return float(v); });
  check_every_byte<uint8_t>(FileDType::u8, [](uint8_t v) { return float(v); });
  check_every_byte<uint8_t>(FileDType::boolean, [](uint8_t v) { return v ? 1.0f : 0.0f; });
  check_every_byte<uint8_t>(FileDType::f8_e4m3, float_from_e4m3);
  check_every_byte<uint8_t>(FileDType::f8_e5m2, float_from_e5m2);
}

TEST_CASE("wider whole numbers by value, rounded to what a float holds") {
  using Values = std::vector<float>;
  CHECK(floats<int16_t>(FileDType::i16, {-32768, -1, 32767}) == Values{-32768, -1, 32767});
  CHECK(floats<uint16_t>(FileDType::u16, {0, 65535}) == Values{0, 65535});
  CHECK(floats<int32_t>(FileDType::i32, {INT32_MIN, 16777217, 16777219}) ==
        Values{-0x1p31f, 16777216, 16777220});
  CHECK(floats<uint32_t>(FileDType::u32, {UINT32_MAX}) == Values{0x1p32f});
  CHECK(floats<int64_t>(FileDType::i64, {INT64_MIN, -7, 981}) == Values{-0x1p63f, -7, 981});
  CHECK(floats<uint64_t>(FileDType::u64, {UINT64_MAX}) == Values{0x1p64f});
}

TEST_CASE("doubles narrow to the nearest float, beyond the largest to infinity") {
  const std::vector<float> values =
      floats<double>(FileDType::f64, {0.1, 1e300, -1e300, std::nan("")});
  CHECK(values[0] == 0.1f);
  CHECK(values[1] == std::numeric_limits<float>::infinity());
  CHECK(values[2] == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(values[3]));
}

TEST_CASE("floating-point types come back from the bytes that are written") {
  const std::vector<float> values = {0, -1.5f, 384, 0.0625f, -0.0f, 2};  // exact in all of them
  for (const FileDType dtype : {FileDType::f64, FileDType::f32, FileDType::f16, FileDType::bf16,
                                FileDType::f8_e4m3, FileDType::f8_e5m2}) {
    CAPTURE(name_of(dtype));
    CHECK(is_floating(dtype));
    std::vector<std::byte> bytes(values.size() * size_of(dtype));
    bytes_from_floats(values, dtype, bytes);
    std::vector<float> back(values.size());
    floats_from_bytes(dtype, bytes, back);
    CHECK(back == values);
  }
}

TEST_CASE("names of types go both ways") {
  for (int i = 0; i <= static_cast<int>(FileDType::boolean); i++) {
    const auto dtype = static_cast<FileDType>(i);
    CHECK(file_dtype(name_of(dtype)) == dtype);
    CHECK(is_floating(dtype) == (name_of(dtype).starts_with('F') || dtype == FileDType::bf16));
  }
  CHECK_FALSE(file_dtype("Q4"));
}
