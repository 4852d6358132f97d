#include "engine/tuning.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "engine/recorder.h"

namespace lacuna {
namespace {

using nlohmann::json;

// Larger files are not tables.
constexpr size_t most_bytes = 16 << 20;

}  // namespace

std::string Tuning::key_of(const Node& n, const DeviceTraits& traits) {
  std::string key = fmt::format("{}{}", traits.cpu ? "cpu " : "", n.op->name);
  if (traits.arithmetic != Arithmetic::exact)
    key = fmt::format("{} {}", name_of(traits.arithmetic), key);
  for (const Tensor& input : n.inputs)
    key += fmt::format(" {} {}", name_of(input.dtype()), input.shape().str());
  // Convolutions of the same inputs differ by stride and padding, which shows in the result.
  return key + " -> " + n.out().str();
}

uint32_t Tuning::choose(const Node& n, const DeviceTraits& traits,
                        std::span<const uint32_t> codes) const {
  const std::string key = key_of(n, traits);
  if (seen_) {
    TunableNode& seen = (*seen_)[key];
    if (!seen.op) {
      seen.op = n.op;
      seen.attributes = n.attributes;
      for (const Tensor& input : n.inputs) seen.inputs.push_back(input.type);
      seen.codes.assign(codes.begin(), codes.end());
      seen.flop = n.op->flop ? n.op->flop(n) : 0;
    }
    seen.count++;
  }
  const auto found = codes_.find(key);
  const bool known =
      found != codes_.end() && std::find(codes.begin(), codes.end(), found->second) != codes.end();
  return known ? found->second : codes.front();
}

Tuning Tuning::load(const std::filesystem::path& file) {
  Tuning tuning;
  try {
    const json root = json::parse(read_file(file, most_bytes), nullptr, false);
    if (!root.is_object()) return {};
    for (const auto& [key, code] : root.items())
      if (code.is_number_unsigned() && code.get<uint64_t>() <= UINT32_MAX)
        tuning.codes_[key] = code.get<uint32_t>();
  } catch (const Error&) { return {}; }
  return tuning;
}

void Tuning::save(const std::filesystem::path& file) const {
  make_folder(file.parent_path());
  write_file(file, json(codes_).dump(1) + "\n", Overwrite::yes);
}

}  // namespace lacuna
