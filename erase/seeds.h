// Seeds made of a run's seed.
#pragma once

#include <cstdint>
#include <vector>

namespace lacuna {

// Different numbers for every (seed, index), the same on every machine: SplitMix64.
inline uint64_t mix(uint64_t seed, uint64_t index) {
  uint64_t z = seed + 0x9e3779b97f4a7c15 * (index + 1);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Of 32 bits each, as people write them.
inline std::vector<uint64_t> seeds_of(uint64_t seed, size_t count) {
  std::vector<uint64_t> seeds;
  for (size_t i = 0; i < count; i++) seeds.push_back(mix(seed, i) >> 32);
  return seeds;
}

}  // namespace lacuna
