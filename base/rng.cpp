#include "base/rng.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cassert>
#include <charconv>
#include <cmath>
#include <numbers>

#include "base/error.h"

namespace lacuna {
namespace {

constexpr double two_pi = 2 * std::numbers::pi;
constexpr uint64_t most_draws = uint64_t{1}
                                << 36;  // a state beyond is damaged: replay takes minutes

// PyTorch's masks: as many low bits as the type's significand holds.
float to_uniform(uint32_t bits) { return static_cast<float>(bits & 0xffffffu) * 0x1p-24f; }
double to_uniform(uint64_t bits) {
  return static_cast<double>(bits & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// One block of torch.randn: u[0..8) become radii and u[8..16) angles. As in PyTorch the inputs of
// log, cos and sin are rounded to T; the functions themselves run in double.
template <typename T>
void box_muller_16(T* u) {
  for (int j = 0; j < 8; ++j) {
    const double radius = std::sqrt(-2.0 * std::log(static_cast<double>(T{1} - u[j])));
    const double theta = static_cast<T>(two_pi) * u[j + 8];
    u[j] = static_cast<T>(radius * std::cos(theta));
    u[j + 8] = static_cast<T>(radius * std::sin(theta));
  }
}

// Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, uint64_t seed) {
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xd2511f53} * counter[0];
    const uint64_t product1 = uint64_t{0xcd9e8d57} * counter[2];
    counter = {
        static_cast<uint32_t>(product1 >> 32) ^ counter[1] ^ key0, static_cast<uint32_t>(product1),
        static_cast<uint32_t>(product0 >> 32) ^ counter[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  return counter;
}

// Call number `call` of the generator, element `index` of its output.
std::array<uint32_t, 4> philox_element(uint64_t call, uint64_t index, uint64_t seed) {
  return philox({static_cast<uint32_t>(call), static_cast<uint32_t>(call >> 32),
                 static_cast<uint32_t>(index), static_cast<uint32_t>(index >> 32)},
                seed);
}

// The next space-separated word of `text` as a number in the given base, or nothing.
std::optional<uint64_t> take_number(std::string_view& text, int base) {
  const size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const size_t length = static_cast<size_t>(end - text.data());
  if (error != std::errc() || (length < text.size() && text[length] != ' ')) return {};
  text.remove_prefix(length);
  return value;
}

}  // namespace

RngKind parse_rng_kind(std::string_view name) {
  if (name == "torch") return RngKind::torch;
  if (name == "philox") return RngKind::philox;
  throw InputError(
      "[rng] unknown generator '{}'; use torch (PyTorch on a CPU) or philox (on a GPU)", name);
}

std::string_view rng_kind_name(RngKind kind) { return kind == RngKind::torch ? "torch" : "philox"; }

// Like torch.manual_seed, MT19937 takes the low 32 bits of the seed; Philox takes all 64.
Rng::Rng(RngKind kind, uint64_t seed)
    : kind_(kind), seed_(seed), engine_(static_cast<uint32_t>(seed)) {}

uint32_t Rng::next_u32() {
  const uint64_t number = drawn_++;
  if (kind_ == RngKind::philox) return philox_element(number, 0, seed_)[0];
  return static_cast<uint32_t>(engine_());
}

uint64_t Rng::next_u64() {
  const uint64_t high = next_u32();
  return high << 32 | next_u32();
}

float Rng::uniform() { return to_uniform(next_u32()); }

double Rng::uniform_double() { return to_uniform(next_u64()); }

// The modulo is PyTorch's. Its 64-bit draw begins at 2^28 since version 2.7 (2^32 before).
uint64_t Rng::below(uint64_t n) {
  assert(n >= 1);
  return (n >> 28 ? next_u64() : next_u32()) % n;
}

void Rng::randn(std::span<float> out) {
  kind_ == RngKind::torch ? fill_torch(out) : fill_philox(out);
}

void Rng::randn(std::span<double> out) {
  kind_ == RngKind::torch ? fill_torch(out) : fill_philox(out);
}

double Rng::normal() {
  if (cached_normal_) {
    const double value = *cached_normal_;
    cached_normal_.reset();
    return value;
  }
  const double theta = two_pi * uniform_double();
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform_double()));
  cached_normal_ = radius * std::sin(theta);
  return radius * std::cos(theta);
}

template <typename T>
void Rng::fill_torch(std::span<T> out) {
  if (out.size() < 16) {
    for (T& x : out) x = static_cast<T>(normal());
    return;
  }
  const auto draw = [this] {
    if constexpr (sizeof(T) == 4)
      return uniform();
    else
      return uniform_double();
  };
  for (T& x : out) x = draw();
  for (size_t i = 0; i + 16 <= out.size(); i += 16) box_muller_16(out.data() + i);
  if (out.size() % 16 == 0) return;
  const std::span<T> tail = out.last(16);  // drawn anew, as PyTorch does
  for (T& x : tail) x = draw();
  box_muller_16(tail.data());
}

template <typename T>
void Rng::fill_philox(std::span<T> out) {
  const uint64_t call = drawn_++;
  for (size_t i = 0; i < out.size(); ++i) {
    const std::array<uint32_t, 4> bits = philox_element(call, i, seed_);
    // cuRAND's rounding: both words and both inputs of Box-Muller are
    // floats, in (0, 1] and (0, 2 pi].
    constexpr double turn = 0x1p-32f * static_cast<float>(two_pi);
    const float x = static_cast<float>(bits[0]), y = static_cast<float>(bits[1]);
    const float u = static_cast<float>(x * 0x1p-32 + 0x1p-33);
    const float theta = static_cast<float>(y * turn + turn / 2);
    const double radius = std::sqrt(-2.0 * std::log(static_cast<double>(u)));
    out[i] = static_cast<T>(radius * std::sin(static_cast<double>(theta)));
  }
}

// "<kind> <seed> <draws> <bits of the cached normal, or nothing>": replaying the draws restores
// MT19937 at 500 million draws a second, so the state needs no 624 words.
std::string Rng::state() const {
  std::string text = fmt::format("{} {} {}", rng_kind_name(kind_), seed_, drawn_);
  if (cached_normal_) text += fmt::format(" {:x}", std::bit_cast<uint64_t>(*cached_normal_));
  return text;
}

Rng Rng::from_state(std::string_view text) {
  const std::string_view name = text.substr(0, text.find(' '));
  std::string_view rest = text.substr(name.size());
  const std::optional<uint64_t> seed = take_number(rest, 10);
  const std::optional<uint64_t> drawn = take_number(rest, 10);
  const std::optional<uint64_t> cached = rest.empty() ? std::nullopt : take_number(rest, 16);
  const bool known = name == "torch" || name == "philox";
  if (!known || !seed || !drawn || *drawn > most_draws || !rest.empty()) {
    throw InputError("[rng] '{}' is no state of a generator; resume from an older save point",
                     text.substr(0, 80));
  }
  Rng rng(parse_rng_kind(name), *seed);
  rng.drawn_ = *drawn;
  if (rng.kind_ == RngKind::torch) rng.engine_.discard(*drawn);
  if (cached) rng.cached_normal_ = std::bit_cast<double>(*cached);
  return rng;
}

}  // namespace lacuna
