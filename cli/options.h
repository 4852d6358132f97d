// Options as the verbs declare them.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace lacuna {

template <typename T>
CLI::Option* option(CLI::App& c, const char* name, T& value, const char* help, const char* type) {
  return c.add_option(name, value, help)->type_name(type);
}

// An option that may be given several times, a text each.
inline CLI::Option* texts_option(CLI::App& c, const char* name, std::vector<std::string>& values,
                                 const char* help) {
  return option(c, name, values, help, "TEXT")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

// Seeds are never negative: -1 would become 2^64 - 1.
inline CLI::Option* seed_option(CLI::App& c, uint64_t& seed,
                                const char* help = "Seed of everything random") {
  return option(c, "--seed", seed, help, "N")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))
      ->capture_default_str();
}

}  // namespace lacuna
