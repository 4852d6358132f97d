#include "models/text/tokenizer.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/unicode.h"
#include "base/words.h"

namespace lacuna {
namespace {

// Calls special(id) and rest(text) for the pieces of `text` from left to right; where several
// special tokens begin at one place, the longest counts.
template <typename Special, typename Rest>
void split_at(const std::vector<std::pair<std::u32string, int32_t>>& needles,
              std::u32string_view text, Special special, Rest rest) {
  size_t start = 0;
  for (size_t at = 0; at < text.size();) {
    const std::pair<std::u32string, int32_t>* longest = nullptr;
    for (const auto& needle : needles) {
      if (!text.substr(at).starts_with(needle.first)) continue;
      if (!longest || needle.first.size() > longest->first.size()) longest = &needle;
    }
    if (!longest) {
      ++at;
      continue;
    }
    if (at > start) rest(text.substr(start, at - start));
    special(longest->second);
    start = at += longest->first.size();
  }
  if (start < text.size()) rest(text.substr(start));
}

}  // namespace

Tokenizer Tokenizer::load(const std::filesystem::path& folder, int context) {
  TokenizerFiles files = TokenizerFiles::read(folder);
  Bpe bpe(files.tokens, files.merges(), display(folder));
  return Tokenizer(std::move(files), std::move(bpe), context);
}

Tokenizer::Tokenizer(TokenizerFiles files, Bpe bpe, int context)
    : tokens_(std::move(files.tokens)),
      bpe_(std::move(bpe)),
      context_(std::min(context, files.model_max_length.value_or(context))),
      bos_(files.bos),
      eos_(files.eos),
      pad_(files.pad) {
  if (context_ < 2) {
    throw InputError(
        "[tokenizer] a context of {} holds no prompt; correct max_position_embeddings in the "
        "text encoder's config.json",
        context);
  }
  for (const SpecialToken& token : files.special) {
    const std::u32string text = decode_utf8(token.text);
    if (token.normalized)
      normalized_.emplace_back(normalize_prompt(text), token.id);
    else
      typed_.emplace_back(text, token.id);
  }
}

void Tokenizer::append_words(std::u32string_view text, std::vector<int32_t>& ids) const {
  for (std::u32string_view word : split_words(text)) bpe_.encode(encode_utf8(word), ids);
}

std::vector<int32_t> Tokenizer::tokens_of(std::string_view text) const {
  std::vector<int32_t> ids;
  const auto special = [&](int32_t id) { ids.push_back(id); };
  const auto words = [&](std::u32string_view piece) { append_words(piece, ids); };
  const std::u32string decoded = decode_utf8(text);
  split_at(typed_, decoded, special, [&](std::u32string_view piece) {
    const std::u32string normalized = normalize_prompt(piece);
    split_at(normalized_, normalized, special, words);
  });
  return ids;
}

Tokenizer::Encoding Tokenizer::encode(std::string_view prompt) const {
  const std::vector<int32_t> tokens = tokens_of(prompt);
  const size_t room = static_cast<size_t>(context_) - 2;
  const std::span kept = std::span(tokens).first(std::min(tokens.size(), room));
  Encoding encoding;
  encoding.ids.push_back(bos_);
  encoding.ids.insert(encoding.ids.end(), kept.begin(), kept.end());
  encoding.ids.push_back(eos_);
  encoding.used = static_cast<int>(encoding.ids.size());
  encoding.ids.resize(static_cast<size_t>(context_), pad_);
  encoding.cut = text_of(std::span(tokens).subspan(kept.size()));
  return encoding;
}

std::string Tokenizer::text_of(std::span<const int32_t> ids) const {
  std::string text;
  for (int32_t id : ids) text += Bpe::text_of(tokens_[static_cast<size_t>(id)]);
  if (text.ends_with(' ')) text.pop_back();
  return text;
}

}  // namespace lacuna
