#include "models/bpe_merges.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "engine/error.h"
#include "models/unicode.h"

namespace lacuna {
namespace {

using PairRanks = std::unordered_map<uint64_t, int32_t>;

uint64_t pair_key(int32_t left, int32_t right) {
  return uint64_t(uint32_t(left)) << 32 | uint32_t(right);
}

// The definition: merge the pair of lowest rank, all its occurrences from the left, until none is
// left. Only short strings come here (one per merge, once per load), so no heap.
void merge_by_pairs(std::vector<int32_t>& symbols, const PairRanks& ranks,
                    const std::vector<int32_t>& merged) {
  while (symbols.size() > 1) {
    int32_t best = INT32_MAX;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks.find(pair_key(symbols[i], symbols[i + 1]));
      if (found != ranks.end()) best = std::min(best, found->second);
    }
    if (best == INT32_MAX) return;
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      bool match = false;
      if (i + 1 < symbols.size()) {
        const auto found = ranks.find(pair_key(symbols[i], symbols[i + 1]));
        match = found != ranks.end() && found->second == best;
      }
      symbols[kept++] = match ? merged[best] : symbols[i];
      i += match;
    }
    symbols.resize(kept);
  }
}

}  // namespace

char32_t byte_character(uint8_t byte) {
  static const std::array<char32_t, 256> table = [] {
    std::array<char32_t, 256> characters{};
    char32_t next = 256;
    for (char32_t b = 0; b < 256; ++b) {
      const bool printable = (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174;
      characters[b] = printable ? b : next++;
    }
    return characters;
  }();
  return table[byte];
}

MergeTable check_merges(const std::vector<std::string>& tokens,
                        const std::vector<std::string_view>& merges, const std::string& where) {
  std::unordered_map<std::string_view, int32_t> id_of;
  id_of.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) id_of.emplace(tokens[id], static_cast<int32_t>(id));
  const auto find = [&](std::string_view token) {
    const auto found = id_of.find(token);
    return found == id_of.end() ? -1 : found->second;
  };

  MergeTable table;
  std::vector<std::vector<int32_t>> spelled(tokens.size());  // the byte tokens of each known token
  for (int b = 0; b < 256; ++b) {
    const char32_t character = byte_character(static_cast<uint8_t>(b));
    for (bool last : {false, true}) {
      std::string token = encode_utf8({&character, 1});
      if (last) token += end_of_word;
      const int32_t id = find(token);
      if (id < 0) {
        throw InputError(
            "[tokenizer] {}/vocab.json: the token '{}' for byte {} is missing; use the "
            "tokenizer folder of the checkpoint",
            where, token, b);
      }
      spelled[id] = {id};
      (last ? table.last_bytes : table.bytes).push_back(id);
    }
  }

  const auto refuse = [&](size_t rank, std::string_view why) {
    throw InputError(
        "[tokenizer] {}/merges.txt: merge {} ('{}') {}, so the list was edited or cut; use "
        "the tokenizer folder of the checkpoint",
        where, rank + 1, merges[rank].substr(0, 60), why);
  };
  PairRanks ranks;
  ranks.reserve(merges.size());
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    const size_t space = merges[rank].find(' ');
    if (space == std::string_view::npos ||
        merges[rank].find(' ', space + 1) != std::string_view::npos) {
      refuse(rank, "is not two words");
    }
    const std::string_view left = merges[rank].substr(0, space),
                           right = merges[rank].substr(space + 1);
    const int32_t a = find(left), b = find(right);
    if (a < 0 || b < 0 || spelled[a].empty() || spelled[b].empty()) {
      refuse(rank, "joins a token that no earlier merge gives");
    }
    const int32_t result = find(std::string(left) + std::string(right));
    if (result < 0) refuse(rank, "gives a token that is not in vocab.json");
    if (!spelled[result].empty()) refuse(rank, "gives a token that another merge gives too");
    spelled[result] = spelled[a];
    spelled[result].insert(spelled[result].end(), spelled[b].begin(), spelled[b].end());
    ranks.emplace(pair_key(a, b), static_cast<int32_t>(rank));
    table.merged.push_back(result);
  }
  std::vector<int32_t> symbols;
  for (size_t rank = 0; rank < merges.size(); ++rank) {
    symbols = spelled[table.merged[rank]];
    merge_by_pairs(symbols, ranks, table.merged);
    if (symbols.size() != 1) refuse(rank, "gives a token that does not come back from its bytes");
  }
  return table;
}

}  // namespace lacuna
