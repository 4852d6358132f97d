// How CLIP cuts a prompt into the words that BPE encodes one by one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lacuna {

// NFC, every run of white space to one space, lower case.
std::u32string normalize_prompt(std::u32string_view text);

// Of normalized text: English contractions ('s 't 're 've 'm 'll 'd), runs of letters, single
// numbers, runs of anything else that is no space.
std::vector<std::u32string_view> split_words(std::u32string_view text);

}  // namespace lacuna
