#include "erase/edits/layer_numbers.h"

#include <charconv>

namespace lacuna {
namespace {

// Digits and nothing else.
std::optional<int> whole(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || rest != end || number < 0) return {};
  return number;
}

}  // namespace

int layer_of(std::string_view tensor) {
  constexpr std::string_view mark = ".layers.";
  const size_t at = tensor.find(mark);
  if (at == std::string_view::npos) return -1;
  const std::string_view rest = tensor.substr(at + mark.size());
  return whole(rest.substr(0, rest.find('.'))).value_or(-1);
}

std::optional<LayerRange> parse_layers(std::string_view text) {
  const size_t dash = text.find('-');
  const std::optional<int> first = whole(text.substr(0, dash));
  const std::optional<int> last =
      dash == std::string_view::npos ? first : whole(text.substr(dash + 1));
  if (!first || !last) return {};
  return LayerRange{*first, *last};
}

}  // namespace lacuna
