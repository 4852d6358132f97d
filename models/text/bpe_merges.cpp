#include "models/text/bpe_merges.h"

#include <algorithm>
#include <array>
#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "base/unicode.h"

namespace lacuna {
namespace {

constexpr int32_t no_rank = INT32_MAX;

// The rank of a pair of ids. A flat table with linear probing: load time is mostly spent in find().
class PairRanks {
 public:
  explicit PairRanks(size_t count)
      : slots_(std::bit_ceil(2 * count + 2)), shift_(64 - std::countr_zero(slots_.size())) {}

  void add(int32_t left, int32_t right, int32_t rank) {
    slots_[place(key(left, right))] = {key(left, right), rank};
  }
  int32_t find(int32_t left, int32_t right) const { return slots_[place(key(left, right))].rank; }

 private:
  struct Slot {
    uint64_t key = 0;
    int32_t rank = no_rank;
  };
  static uint64_t key(int32_t left, int32_t right) {
    return static_cast<uint64_t>(left) << 32 | static_cast<uint32_t>(right);
  }
  // Where the key is, or the free slot where it would go.
  size_t place(uint64_t key) const {
    size_t i = (key * 0x9e3779b97f4a7c15u) >> shift_;
    while (slots_[i].rank != no_rank && slots_[i].key != key) i = (i + 1) & (slots_.size() - 1);
    return i;
  }

  std::vector<Slot> slots_;
  int shift_;
};

// The definition: merge the pair of lowest rank, all its occurrences from the left, until none is
// left. Only the short strings of the merge list itself come here, once per load.
void merge_by_pairs(std::vector<int32_t>& symbols, const PairRanks& ranks,
                    const std::vector<int32_t>& merged) {
  std::vector<int32_t> rank_at;
  while (symbols.size() > 1) {
    rank_at.assign(symbols.size(), no_rank);
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      rank_at[i] = ranks.find(symbols[i], symbols[i + 1]);
    }
    const int32_t best = *std::min_element(rank_at.begin(), rank_at.end());
    if (best == no_rank) return;
    size_t kept = 0;
    for (size_t i = 0; i < symbols.size(); ++i) {
      const bool match = rank_at[i] == best;
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
  PairRanks ranks(merges.size());
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
    ranks.add(a, b, static_cast<int32_t>(rank));
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
