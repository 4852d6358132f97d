// Kernel: the embedded SPIR-V of one kernel in the types it was compiled for. One constant per
// kernel is generated in shaders/kernels.h, so that a misspelt name does not compile.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lacuna {

struct KernelVariant {
  std::string_view type;  // of activations and weights: "f32", "f16"; "f32_f16" where they differ
  std::span<const uint32_t> words;
  uint64_t constants;  // specialization constants that it reads: bit n for the one of number n
};

struct Kernel {
  std::string_view name;  // "<stem>.<kernel>", such as "linear.forward"
  std::span<const KernelVariant> variants;
};

// All kernels, for tests that must have run every one.
std::span<const Kernel* const> all_kernels();

}  // namespace lacuna
