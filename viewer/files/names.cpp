#include "viewer/files/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "base/text.h"
#include "base/unicode.h"
#include "viewer/platform/places.h"

namespace lacuna::viewer {
namespace {

constexpr char32_t replacement = 0xfffd;

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7f && c < 0xa0); }

// Line and paragraph separators, and what turns the direction of writing: "gpj.exe" would be shown
// as "exe.jpg".
bool misleads(char32_t c) {
  return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
         c == 0x200f || c == 0x61c || c == 0xfeff;
}

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string name_text(const std::filesystem::path& path) {
  try {
    return display(path);
  } catch (const std::exception&) { return encode_utf8({&replacement, 1}); }
}

std::string printable(std::string_view text) {
  std::u32string all = decode_utf8(text);
  for (char32_t& c : all)
    if (is_control(c) || misleads(c)) c = replacement;
  return encode_utf8(all);
}

bool can_be_typed(std::string_view text) {
  const std::u32string all = decode_utf8(text);
  return std::ranges::none_of(all, is_control) && encode_utf8(all) == text;
}

std::string fold(std::string_view name) {
  return is_ascii(name) ? lower_ascii(name) : encode_utf8(lower(nfc(decode_utf8(name))));
}

bool natural_less(std::string_view a, std::string_view b) {
  size_t i = 0, j = 0;
  const auto run_of = [](std::string_view text, size_t& at) {
    while (at < text.size() && text[at] == '0') at++;
    const size_t begin = at;
    while (at < text.size() && is_digit(text[at])) at++;
    return text.substr(begin, at - begin);
  };
  while (i < a.size() && j < b.size()) {
    if (is_digit(a[i]) && is_digit(b[j])) {
      const std::string_view x = run_of(a, i), y = run_of(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    const auto x = static_cast<unsigned char>(a[i++]), y = static_cast<unsigned char>(b[j++]);
    if (x != y) return x < y;
  }
  const size_t left = a.size() - i, right = b.size() - j;
  return left != right ? left < right : a < b;  // "a01" and "a1": some order, always the same
}

std::string size_text(uint64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  auto size = static_cast<double>(bytes);
  const char* unit = "";
  for (const char* next : {"KiB", "MiB", "GiB", "TiB"}) {
    if (size < 1024) break;
    size /= 1024;
    unit = next;
  }
  return fmt::format("{:.1f} {}", size, unit);
}

std::string time_text(int64_t seconds_since_1970) {
  const std::optional<std::tm> t = local_time(seconds_since_1970);
  if (!t) return "";
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", t->tm_year + 1900, t->tm_mon + 1, t->tm_mday,
                     t->tm_hour, t->tm_min);
}

}  // namespace lacuna::viewer
