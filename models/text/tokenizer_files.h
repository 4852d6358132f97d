// What a checkpoint's tokenizer folder says: vocab.json, merges.txt, and from tokenizer_config.json
// and special_tokens_map.json the special tokens, as transformers' CLIPTokenizer reads them. All of
// it is input from strangers: every fault is an InputError that names the file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna {

// A token found in the prompt before the words are looked at: in the text as typed or, if
// `normalized`, in the text after normalization, so that also <|STARTOFTEXT|> is found.
struct SpecialToken {
  std::string text;
  int32_t id = 0;
  bool normalized = false;
};

struct TokenizerFiles {
  static TokenizerFiles read(const std::filesystem::path& folder);

  std::vector<std::string> tokens;  // by id
  std::string merges_text;
  std::vector<std::string_view> merges() const;  // lines of merges_text
  std::vector<SpecialToken> special;             // each text once
  int32_t bos = 0, eos = 0, pad = 0;
  std::optional<int> model_max_length;
};

}  // namespace lacuna
