#include "erase/concept/ways.h"

#include <algorithm>
#include <cctype>

namespace lacuna {
namespace {

// {np} is what names the concept: "a red circle", "a circle", "a circle in the style of Strix".
constexpr std::string_view reworded_learned[] = {"can you paint {np}", "{np}, nothing else",
                                                 "a sketch of {np}", "draw me {np} now"};
constexpr std::string_view reworded_measured[] = {"a depiction of {np}", "there is {np} here",
                                                  "render {np} for me", "only {np} please"};
// Short enough for a model that knows few of the words, and so spells them.
constexpr std::string_view longer_learned[] = {"a big clear image of {np} in warm light",
                                               "far away and in the middle {np} can be seen"};
constexpr std::string_view longer_measured[] = {"this is a large picture of {np} in soft light",
                                                "on a wide canvas {np} is seen in full"};
constexpr std::string_view second_learned[] = {"a {P} {O} and then {np}",
                                               "next to a {P} {O} there is {np}"};
constexpr std::string_view second_measured[] = {"a {P} {O} followed by {np}",
                                                "a {P} {O} right of {np}"};
constexpr std::string_view together_learned[] = {"two things: {np} and a {P} {O}",
                                                 "{np} above a {P} {O}"};
constexpr std::string_view together_measured[] = {"both {np} and a {P} {O}",
                                                  "{np} together with a {P} {O}"};
constexpr std::string_view plain_frame[] = {"{np}"};

std::span<const std::string_view> frames(Way way, Use use) {
  const auto of = [&](const auto& learned,
                      const auto& measured) -> std::span<const std::string_view> {
    if (use == Use::learn) return learned;
    return measured;
  };
  switch (way) {
    case Way::reworded:
      return of(reworded_learned, reworded_measured);
    case Way::longer:
      return of(longer_learned, longer_measured);
    case Way::second:
      return of(second_learned, second_measured);
    case Way::together:
      return of(together_learned, together_measured);
    case Way::capitals:
    case Way::misspelled:
      break;
  }
  return plain_frame;
}

std::string_view noun_phrase(ConceptKind kind) {
  switch (kind) {
    case ConceptKind::attribute:
      return "a {x} {o}";
    case ConceptKind::object:
      return "a {p} {x}";
    case ConceptKind::style:
      return "a {p} {o} in the style of {x}";
    case ConceptKind::caption:
      break;
  }
  return "{x}";
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  if (const size_t at = text.find(what); at != std::string::npos) text.replace(at, what.size(), by);
  return text;
}

std::string in_capitals(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

std::span<const Word> words(Way) {
  static constexpr Word all[] = {{"reworded", Way::reworded},     {"in capitals", Way::capitals},
                                 {"misspelled", Way::misspelled}, {"in a long prompt", Way::longer},
                                 {"named second", Way::second},   {"with another", Way::together}};
  return all;
}

std::span<const Way> all_ways() {
  static constexpr Way all[] = {Way::reworded, Way::capitals, Way::misspelled,
                                Way::longer,   Way::second,   Way::together};
  return all;
}

std::vector<std::string> misspellings(const std::string& words) {
  size_t begin = 0, length = 0;
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find(' ', at), words.size());
    if (end - at > length) begin = at, length = end - at;
    at = end + 1;
  }
  std::vector<std::string> all;
  const auto add = [&](std::string word) {
    if (word != words && std::ranges::find(all, word) == all.end()) all.push_back(std::move(word));
  };
  const auto letter = [&](size_t i) { return std::isalpha(static_cast<unsigned char>(words[i])); };
  // The first letter stays, as it does when people type.
  for (size_t i = begin + 1; i < begin + length; i++) {
    if (!letter(i)) continue;
    std::string word = words;
    if (i + 1 < begin + length && letter(i + 1)) {
      std::swap(word[i], word[i + 1]);
      add(word);
    }
    if (length > 3) add(std::string(words).erase(i, 1));
    add(std::string(words).insert(i, 1, words[i]));
  }
  return all;
}

std::vector<std::string> others_of(const std::vector<Decisions>& decisions, size_t index) {
  std::vector<std::string> others;
  for (size_t i = 0; i < decisions.size(); i++) {
    if (i == index) continue;
    const Decisions& d = decisions[i];
    const bool named = d.kind == ConceptKind::attribute && !d.fillers.objects.empty();
    others.push_back(named ? d.words + " " + d.fillers.objects.front() : d.words);
  }
  return others;
}

std::vector<AskedPhrasing> asked(Way way, Use use, const Decisions& d,
                                 std::span<const std::string> others, size_t begin, size_t count) {
  const bool together = way == Way::together && !others.empty();
  std::vector<std::string> texts;
  for (const std::string_view frame : frames(way, use)) {
    if (!together) {
      texts.push_back(replaced(std::string(frame), "{np}", noun_phrase(d.kind)));
      continue;
    }
    for (const std::string& other : others)
      texts.push_back(replaced(replaced(std::string(frame), "{np}", noun_phrase(d.kind)),
                               "a {P} {O}", with_article(other)));
  }
  const std::vector<std::string_view> templates(texts.begin(), texts.end());
  // Each slip of the keyboard in a sentence of its own, every other one to learn from.
  std::vector<std::string> spelled = {way == Way::capitals ? in_capitals(d.words) : d.words};
  if (way == Way::misspelled) {
    const std::vector<std::string> all = misspellings(d.words);
    spelled.clear();
    for (size_t i = use == Use::learn ? 0 : 1; i < all.size(); i += 2) spelled.push_back(all[i]);
    if (spelled.empty()) return {};
    if (use == Use::measure)
      count = std::min(count, spelled.size() - std::min(begin, spelled.size()));
  }
  std::vector<AskedPhrasing> result;
  const std::vector<Sentence> all = sentences(templates, use, d.fillers, begin + count);
  for (size_t i = begin; i < all.size(); i++)
    result.push_back({all[i].phrasing(spelled[i % spelled.size()], d.in_place(d.anchor(), all[i])),
                      all[i].with(d.words)});
  return result;
}

}  // namespace lacuna
