#include "erase/edits/fingerprint.h"

#include <fmt/format.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <memory>

namespace lacuna {
namespace {

std::string hex(XXH128_hash_t hash) {
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

std::string fingerprint(const TensorFile& file) {
  const std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state(XXH3_createState(),
                                                                       XXH3_freeState);
  XXH3_128bits_reset(state.get());
  const auto text = [&](std::string_view part) {
    // With its end, so that "ab" + "c" is not "a" + "bc".
    XXH3_128bits_update(state.get(), part.data(), part.size());
    XXH3_128bits_update(state.get(), "", 1);
  };
  for (const auto& [name, entry] : file.entries()) {
    text(name);
    text(name_of(entry.dtype));
    for (int64_t size : entry.shape) text(std::to_string(size));
    XXH3_128bits_update(state.get(), entry.bytes.data(), entry.bytes.size());
  }
  return hex(XXH3_128bits_digest(state.get()));
}

std::string fingerprint(std::string_view text) {
  return hex(XXH3_128bits(text.data(), text.size()));
}

}  // namespace lacuna
