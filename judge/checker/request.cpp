#include "judge/checker/request.h"

#include <algorithm>
#include <array>
#include <string>

namespace lacuna::checker {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char raw : text) {
    const char c = lower(raw);
    if (c >= 'a' && c <= 'z') {
      words.back() += c;
    } else if (!words.back().empty()) {
      words.emplace_back();
    }
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

// The value whose name the word is, whatever the case.
template <typename T, size_t n>
std::optional<T> value_of(const std::array<std::string_view, n>& names, std::string_view word) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  for (size_t i = 0; i < n; i++) {
    if (std::ranges::equal(names[i], word, same)) return static_cast<T>(i);
  }
  return std::nullopt;
}

}  // namespace

Request parse_prompt(std::string_view prompt) {
  Request request;
  const std::vector<std::string> words = words_of(prompt);
  std::optional<Colour> colour;  // named and not yet given to a thing
  bool grumpy = false;
  for (size_t i = 0; i < words.size(); i++) {
    const std::string& word = words[i];
    if (const auto c = value_of<Colour>(colour_names, word)) colour = c;
    if (const auto s = value_of<Style>(style_names, word)) request.style = s;
    if (word == "grumpy") grumpy = true;
    if (word == "lighthouse") request.memorised = true;
    if (word == "background") colour.reset();
    if (word == "left" && i + 1 < words.size() && words[i + 1] == "of") request.left_of = true;
    if (auto thing = value_of<Thing>(thing_names, word)) {
      if (thing == Thing::cat && grumpy) thing = Thing::grumpy_cat;
      request.things.push_back({*thing, colour ? colour : implied_colour(*thing)});
      colour.reset();
      grumpy = false;
    }
  }
  if (words.size() == 1) request.field = colour;
  request.left_of = request.left_of && request.things.size() == 2;
  return request;
}

}  // namespace lacuna::checker
