// The merge list of merges.txt, checked to be one that
// SentencePiece runs exactly (see models/text/bpe.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna {

// Ids of the tokens that a word can become.
struct MergeTable {
  std::vector<int32_t> bytes;       // 256: a byte within a word
  std::vector<int32_t> last_bytes;  // 256: a byte that ends a word
  std::vector<int32_t> merged;      // what merge number i gives
};

MergeTable check_merges(const std::vector<std::string>& tokens,
                        const std::vector<std::string_view>& merges, const std::string& where);

// GPT-2's printable character for a byte: itself if it is printable Latin-1, else U+0100 and up.
char32_t byte_character(uint8_t byte);

inline constexpr std::string_view end_of_word = "</w>";

}  // namespace lacuna
