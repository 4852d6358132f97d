#include "base/unicode.h"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <new>

namespace lacuna {
namespace {

constexpr char32_t replacement = 0xfffd;

// How many bytes follow a lead byte, and the range its first
// follower must have (Unicode, table 3-7).
struct Lead {
  int followers;
  unsigned char least, most;
};

Lead classify(unsigned char byte) {
  if (byte >= 0xc2 && byte <= 0xdf) return {1, 0x80, 0xbf};
  if (byte == 0xe0) return {2, 0xa0, 0xbf};  // below is overlong
  if (byte == 0xed) return {2, 0x80, 0x9f};  // above are surrogates
  if (byte >= 0xe1 && byte <= 0xef) return {2, 0x80, 0xbf};
  if (byte == 0xf0) return {3, 0x90, 0xbf};
  if (byte >= 0xf1 && byte <= 0xf3) return {3, 0x80, 0xbf};
  if (byte == 0xf4) return {3, 0x80, 0x8f};  // above is U+110000
  return {0, 0, 0};
}

std::u32string compose(std::u32string_view text) {
  const std::string bytes = encode_utf8(text);
  utf8proc_uint8_t* result = nullptr;
  const auto length =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(bytes.data()),
                   static_cast<utf8proc_ssize_t>(bytes.size()), &result,
                   static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
  if (length < 0) throw std::bad_alloc();  // the input is well-formed, so nothing else can fail
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(result, std::free);
  return decode_utf8({reinterpret_cast<const char*>(result), static_cast<size_t>(length)});
}

}  // namespace

std::u32string decode_utf8(std::string_view bytes) {
  std::u32string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < bytes.size();) {
    const auto first = static_cast<unsigned char>(bytes[i++]);
    if (first < 0x80) {
      text.push_back(first);
      continue;
    }
    Lead lead = classify(first);
    char32_t c = lead.followers == 0 ? replacement : first & (0x3f >> lead.followers);
    for (int left = lead.followers; left > 0; --left) {
      const auto next = i < bytes.size() ? static_cast<unsigned char>(bytes[i]) : 0;
      if (next < lead.least || next > lead.most) {
        c = replacement;
        break;
      }
      c = c << 6 | (next & 0x3f);
      lead.least = 0x80, lead.most = 0xbf;
      ++i;
    }
    text.push_back(c);
  }
  return text;
}

void append_utf8(std::string& out, char32_t c) {
  utf8proc_uint8_t bytes[4];
  const auto count = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(count));
}

std::string encode_utf8(std::u32string_view text) {
  std::string out;
  for (char32_t c : text) append_utf8(out, c);
  return out;
}

std::u32string nfc(std::u32string_view text) {
  // utf8proc before 2.9 drops U+11A7 behind a Hangul syllable. As it composes with nothing, the
  // text can be cut in front of it.
  std::u32string out;
  while (!text.empty()) {
    const size_t length = std::min(text.find(U'\u11a7', 1), text.size());
    out += compose(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

std::u32string lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (char32_t c : text) {
    if (c == 0x130)
      out += U"i\u0307";  // the one letter whose lower case is two
    else
      out.push_back(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
  }
  return out;
}

CharClass char_class(char32_t c) {
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
      return CharClass::letter;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
      return CharClass::number;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return CharClass::space;
    default:
      return (c >= 9 && c <= 13) || c == 0x85 ? CharClass::space : CharClass::other;
  }
}

}  // namespace lacuna
