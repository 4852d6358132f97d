// Byte-level byte-pair encoding as GPT-2 and CLIP have it: a word's bytes, written as 256 printable
// characters and closed by "</w>", are merged pair by pair in the order of merges.txt.
//
// SentencePiece runs the merges. It ranks a pair by the string it gives, CLIP by the pair itself;
// the two agree for every word if (1) no two merges give the same string, (2) both parts of a merge
// rank before it and (3) each merge's string, encoded alone, comes back as itself. That holds for
// CLIP's list and for lists a BPE trainer wrote; load checks it and refuses others.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace lacuna {

class Bpe {
 public:
  // tokens[id] is the vocabulary; merges are the lines "left right" of merges.txt in order; `where`
  // names the folder in messages.
  Bpe(const std::vector<std::string>& tokens, const std::vector<std::string_view>& merges,
      const std::string& where);
  Bpe(Bpe&&) noexcept;
  ~Bpe();

  void encode(std::string_view word,
              std::vector<int32_t>& ids) const;  // appends; word is not empty
  // The bytes that a token of the vocabulary stands for, a space where a word ends.
  static std::string text_of(std::string_view token);

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace lacuna
