#include "base/options/words.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace lacuna {
namespace {

// Letters to insert, leave out, replace or swap with their neighbour.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<size_t>> d(a.size() + 1, std::vector<size_t>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); i++) d[i][0] = i;
  for (size_t j = 0; j <= b.size(); j++) d[0][j] = j;
  for (size_t i = 1; i <= a.size(); i++)
    for (size_t j = 1; j <= b.size(); j++) {
      const bool same = a[i - 1] == b[j - 1];
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + !same});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

}  // namespace

std::string_view word_of(std::span<const Word> words, int value) {
  for (const Word& w : words)
    if (w.value == value) return w.text;
  return "";
}

std::vector<std::string_view> spoken(std::span<const Word> words) {
  std::vector<std::string_view> texts;
  for (const Word& w : words)
    if (w.spoken) texts.push_back(w.text);
  return texts;
}

int parse_word(std::span<const Word> words, std::string_view text, std::string_view what) {
  for (const Word& w : words)
    if (w.spoken && w.text == text) return w.value;
  const std::vector<std::string_view> known = spoken(words);
  throw InputError("{} '{}' is unknown; choose {}{}", what, text, alternatives(known),
                   did_you_mean(text, known));
}

std::string alternatives(std::span<const std::string_view> texts) {
  std::string list;
  for (size_t i = 0; i < texts.size(); i++)
    list += fmt::format("{}{}", i == 0 ? "" : i + 1 == texts.size() ? " or " : ", ", texts[i]);
  return list;
}

std::string nearest(std::string_view word, std::span<const std::string_view> names, size_t most,
                    size_t far) {
  word = word.substr(0, 200);
  std::vector<std::pair<size_t, std::string_view>> ranked;
  for (const std::string_view name : names) {
    const size_t distance = edit_distance(word, name);
    if (distance <= far) ranked.emplace_back(distance, name);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string list;
  for (size_t i = 0; i < std::min(most, ranked.size()); i++)
    list += (i == 0 ? "" : ", ") + std::string(ranked[i].second);
  return list;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> names,
                         std::string_view quote) {
  // A third of the letters: "sampel" means "sample", and "heun" means none of the samplers.
  const std::string near = nearest(word, names, 1, (word.size() + 1) / 3);
  return near.empty() ? "" : fmt::format("; did you mean {0}{1}{0}?", quote, near);
}

}  // namespace lacuna
