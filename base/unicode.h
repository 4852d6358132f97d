// The Unicode that CLIP's tokenizer needs, by utf8proc: whole strings of code points in, no locale.
#pragma once

#include <string>
#include <string_view>

namespace lacuna {

// Bytes that are no UTF-8 become U+FFFD, one for each maximal ill-formed part (Unicode 3.9, "best
// practice"; what Python's errors="replace" does): a prompt from a foreign encoding is no error.
std::u32string decode_utf8(std::string_view bytes);

void append_utf8(std::string& out, char32_t c);
std::string encode_utf8(std::u32string_view text);

std::u32string nfc(std::u32string_view text);  // canonical composition

// Character by character and without context (final sigma), as the tokenizers library does it.
std::u32string lower(std::u32string_view text);

enum class CharClass { letter, number, space, other };  // \p{L}, \p{N}, \s and the rest
CharClass char_class(char32_t c);

}  // namespace lacuna
