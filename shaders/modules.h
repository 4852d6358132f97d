// The embedded SPIR-V modules, one per kernel and type, named "<stem>.<kernel>.<type>".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lacuna {

struct Module {
  std::string_view name;
  std::span<const uint32_t> words;
};

std::span<const Module> modules();

}  // namespace lacuna
