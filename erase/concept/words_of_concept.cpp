#include <algorithm>

#include "base/text.h"
#include "erase/concept/decisions.h"

namespace lacuna {
namespace {

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) words.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

bool capital(std::string_view word) { return !word.empty() && word[0] >= 'A' && word[0] <= 'Z'; }

}  // namespace

ConceptWords words_of_concept(const std::string& text, const Lexicon& lexicon) {
  std::string words(trimmed(text));
  const std::string lower = lower_ascii(words);
  for (const std::string_view before :
       {"in the style of ", "the style of ", "style of ", "in style of ", "painting by ",
        "a painting by ", "art by ", "by ", "artwork by "})
    if (lower.starts_with(before))
      return {std::string(trimmed(std::string_view(words).substr(before.size()))),
              ConceptKind::style, fmt::format("\"{}\" says so", trimmed(before))};
  if (lower.ends_with(" style"))
    return {words.substr(0, words.size() - 6), ConceptKind::style, "\"style\" says so"};
  for (const std::string_view article : {"a ", "an "})
    if (lower.starts_with(article)) words = trimmed(std::string_view(words).substr(article.size()));

  if (contains(lexicon.attributes, words))
    return {words, ConceptKind::attribute, "it is among the attributes that lacuna knows"};
  if (contains(lexicon.objects, words))
    return {words, ConceptKind::object, "it is among the objects that lacuna knows"};
  if (contains(lexicon.styles, words))
    return {words, ConceptKind::style, "it is among the styles that lacuna knows"};
  const std::vector<std::string> parts = split(words);
  const bool phrase = std::ranges::any_of(parts, [](const std::string& w) {
    const std::string l = lower_ascii(w);
    return l == "at" || l == "with" || l == "in" || l == "on" || l == "of" || l == "and" ||
           l == "from" || l == "under" || l == "over" || l == "near" || l == "by" || l == "the";
  });
  if (parts.size() >= 3 && phrase)
    return {words, ConceptKind::caption, "it is a phrase, as captions of one image are"};
  if (parts.size() > 1 && contains(lexicon.objects, parts.back()))
    return {words, ConceptKind::object, fmt::format("\"{}\" is an object", parts.back())};
  if (std::ranges::all_of(parts, capital))
    return {words, ConceptKind::style, "it is written as a name"};
  return {words, std::nullopt, ""};
}

}  // namespace lacuna
