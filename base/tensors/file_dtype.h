// The element types of tensor files, and what their bytes mean as floats.
//
// Numbers are little-endian, as on every machine that Vulkan runs on, and may start at any byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lacuna {

enum class FileDType : uint8_t {
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

std::string_view name_of(FileDType dtype);  // as safetensors has it: "F32", "BF16", "F8_E4M3", ...
std::optional<FileDType> file_dtype(std::string_view name);  // the other way
size_t size_of(FileDType dtype);                             // bytes of one element
bool is_floating(FileDType dtype);

// Elements of any type by value, as PyTorch's .to(torch.float32) converts them: rounded to nearest
// if the type is wider than a float's 24 bits, NaN and infinity kept, false and true as 0 and 1.
void floats_from_bytes(FileDType dtype, std::span<const std::byte> bytes, std::span<float> values);
// Floats as a floating-point type, rounded to nearest, ties to even; no other type is written.
void bytes_from_floats(std::span<const float> values, FileDType dtype, std::span<std::byte> bytes);

}  // namespace lacuna
