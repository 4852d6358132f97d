// Random numbers with the bits of PyTorch, so that a seed gives the latents it gives there.
//
//   torch   PyTorch's CPU generator: MT19937; randn fills blocks of 16 by Box-Muller in float, and
//           fewer than 16 numbers one by one in double, as torch.randn does.
//   philox  PyTorch's CUDA generator as Stable Diffusion front ends use it ("NV" noise):
//           Philox4x32-10, one counter per element. Equal to torch.randn on a GPU until one call
//           fills more elements than the GPU runs threads at once (on the order of 100,000).
//
// Integers are equal bit for bit on every platform. Normal numbers go through log, sin and cos,
// which differ between math libraries in the last digit: equal to PyTorch's within 1e-6.
#pragma once

#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>

namespace lacuna {

enum class RngKind { torch, philox };

RngKind parse_rng_kind(std::string_view name);  // "torch" or "philox"
std::string_view rng_kind_name(RngKind kind);

class Rng {
 public:
  Rng(RngKind kind, uint64_t seed);

  RngKind kind() const { return kind_; }
  uint64_t seed() const { return seed_; }

  void randn(std::span<float> out);   // torch.randn(n); one call per tensor, as the size matters
  void randn(std::span<double> out);  // torch.randn(n, dtype=torch.float64)
  uint32_t next_u32();
  float uniform();             // torch.rand(1): 24 bits, in [0, 1)
  double uniform_double();     // torch.rand(1, dtype=torch.float64): 53 bits, in [0, 1)
  uint64_t below(uint64_t n);  // torch.randint(n, (1,)); n >= 1

  // A resumable run writes state() beside its checkpoint; from_state continues bit for bit.
  std::string state() const;
  static Rng from_state(std::string_view text);

 private:
  template <typename T>
  void fill_torch(std::span<T> out);
  template <typename T>
  void fill_philox(std::span<T> out);
  uint64_t next_u64();
  double normal();

  RngKind kind_;
  uint64_t seed_;
  uint64_t drawn_ = 0;                   // torch: 32-bit draws so far; philox: calls so far
  std::optional<double> cached_normal_;  // torch: the second number of the last Box-Muller pair
  std::mt19937 engine_;                  // its output is fixed by the C++ standard
};

}  // namespace lacuna
