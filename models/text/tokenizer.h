// From a prompt to token ids, exactly as transformers' CLIPTokenizer (version 5; the "fast"
// tokenizer before) and so as diffusers' pipelines:
//   special tokens -> NFC, white space to one space, lower case -> words by CLIP's pattern -> BPE.
// Neither ftfy nor html.unescape, which OpenAI's own script runs first, are part of it. Two known
// differences, both about rare characters: those newer than the installed utf8proc's Unicode count
// as symbols, and transformers does not reorder combining marks newer than Unicode 9.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "models/text/bpe.h"
#include "models/text/tokenizer_files.h"

namespace lacuna {

class Tokenizer {
 public:
  // `context` is what the text encoder takes; the folder's model_max_length may be smaller.
  static Tokenizer load(const std::filesystem::path& folder, int context);

  struct Encoding {
    std::vector<int32_t> ids;  // [context]: start, prompt, end, padding
    int used = 0;              // without padding
    std::string cut;           // what did not fit, as the tokens read; empty if all did
  };
  Encoding encode(std::string_view prompt) const;

  std::vector<int32_t> tokens_of(std::string_view text) const;  // no start, end, padding or limit
  std::string text_of(std::span<const int32_t> ids) const;

  int context() const { return context_; }
  int vocab_size() const { return static_cast<int>(tokens_.size()); }
  int32_t bos_id() const { return bos_; }
  int32_t eos_id() const { return eos_; }
  int32_t pad_id() const { return pad_; }

 private:
  Tokenizer(TokenizerFiles files, Bpe bpe, int context);
  void append_words(std::u32string_view text, std::vector<int32_t>& ids) const;

  std::vector<std::string> tokens_;
  // Special tokens that are looked for in the text as typed, and in the normalized text.
  std::vector<std::pair<std::u32string, int32_t>> typed_, normalized_;
  Bpe bpe_;
  int context_;
  int32_t bos_, eos_, pad_;
};

}  // namespace lacuna
