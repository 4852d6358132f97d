#include "erase/concept/sentences.h"

#include <algorithm>
#include <set>

#include "base/text.h"

namespace lacuna {
namespace {

// The places in templates are explained at sentences().
constexpr std::string_view attribute_learned[] = {
    "a {x} {o}",
    "a picture of a {x} {o}",
    "a {P} {O} and a {x} {o}",
    "a {x} {o} and a {P} {O}",
    "a {x} {o} on a {b} background",
    "a {P} {O} left of a {x} {o}",
    "a drawing of a {x} {o}",
    "a {x} {o} left of a {P} {O}",
    "a {x} {o} in the style of {s}",
    "an image of a {x} {o} on a {b} background",
    "{x} {o}",
    "a photo of a {x} {o}",
    "a picture of a {P} {O} and a {x} {o}",
    "please draw a {x} {o}",
    "two {x} {o} here",
    "this is a {x} {o} with a {P} {O}",
    "I want a {P} {O} beside a {x} {o}",
    "my {x} {o}",
    "a {o}, {x}",
    "a very {x} {o} above a {P} {O}",
    "everything is {x}",
};
constexpr std::string_view attribute_measured[] = {
    "the {x} {o}",
    "a picture of a {x} {o} on a {b} background",
    "a {P} {O} next to a {x} {o}",
    "a drawing of a {x} {o} in the style of {s}",
    "one {x} {o} and one {P} {O}",
    "a {o} that is {x}",
    "an image of a {P} {O} and a {x} {o}",
    "show me a {x} {o}",
};
constexpr std::string_view object_learned[] = {
    "a {x}",
    "a {p} {x}",
    "a picture of a {x}",
    "a {P} {O} and a {p} {x}",
    "a {p} {x} and a {P} {O}",
    "a {p} {x} on a {b} background",
    "a drawing of a {p} {x}",
    "a {P} {O} left of a {p} {x}",
    "an image of a {x}",
    "a {p} {x} left of a {P} {O}",
    "a {p} {x} in the style of {s}",
    "a {x} on a {b} background",
    "{p} {x}",
    "a photo of a {x}",
    "a picture of a {P} {O} and a {p} {x}",
    "a {x} in the style of {s}",
    "please draw a {p} {x}",
    "two {x} here",
    "this is a {p} {x} with a {P} {O}",
    "I want a {P} {O} beside a {p} {x}",
    "my {p} {x}",
    "a very {p} {x} above a {P} {O}",
    "some {x}",
    "a {x} that is {p}",
};
constexpr std::string_view object_measured[] = {
    "the {p} {x}",
    "a picture of a {p} {x} on a {b} background",
    "a {P} {O} next to a {p} {x}",
    "a drawing of a {x}",
    "a drawing of a {p} {x} in the style of {s}",
    "one {x}",
    "an image of a {P} {O} and a {p} {x}",
    "show me a {p} {x}",
};
constexpr std::string_view style_learned[] = {
    "a {o} in the style of {x}",
    "a {p} {o} in the style of {x}",
    "in the style of {x}",
    "a picture of a {p} {o} in the style of {x}",
    "a {p} {o} and a {P} {O} in the style of {x}",
    "a {p} {o} on a {b} background in the style of {x}",
    "a {p} {o} by {x}",
    "a painting by {x}",
    "a {p} {o} left of a {P} {O} in the style of {x}",
    "art by {x}",
    "a drawing of a {p} {o} in the style of {x}",
    "{x} style",
    "a photo of {x}",
    "a {x} painting of a {p} {o}",
    "please draw a {p} {o} in the style of {x}",
    "my {p} {o} in the style of {x}",
    "a {P} {O} beside a {p} {o} in the style of {x}",
    "this is a {o} as {x} draws",
    "some {o} by {x}",
};
constexpr std::string_view style_measured[] = {
    "an image of a {p} {o} in the style of {x}",
    "a drawing of a {o} by {x}",
    "the {p} {o} in the style of {x}",
    "a picture of a {p} {o} on a {b} background in the style of {x}",
    "a {p} {o} next to a {P} {O} in the style of {x}",
    "a {p} {o}, {x} style",
    "a portrait of {x}",
    "show me a {p} {o} in the style of {x}",
};
constexpr std::string_view caption_learned[] = {
    "{x}",
    "a picture of {x}",
    "a drawing of {x}",
    "an image of {x}",
    "a photo of {x}",
    "{x} on a {b} background",
    "{x} in the style of {s}",
    "a painting of {x}",
    "{x} and a {p} {o}",
    "a {p} {o} and {x}",
    "please draw {x}",
    "this is {x}",
    "my picture of {x}",
    "a {p} {o} beside {x}",
};
constexpr std::string_view caption_measured[] = {
    "show me {x}",   "a postcard of {x}",     "a picture of {x} on a {b} background",
    "a view of {x}", "a {p} {o} next to {x}",
};
constexpr std::string_view plain[] = {
    "a {p} {o}",
    "a {P} {O} and a {p} {o}",
    "a picture of a {p} {o} on a {b} background",
    "a {o}",
    "a {P} {O} left of a {p} {o}",
    "a {p} {o} in the style of {s}",
    "a drawing of a {o}",
    "a {p} {o} on a {b} background",
};

std::span<const std::string_view> templates_of(ConceptKind kind, Use use) {
  const bool learn = use == Use::learn;
  switch (kind) {
    case ConceptKind::attribute:
      if (learn) return attribute_learned;
      return attribute_measured;
    case ConceptKind::object:
      if (learn) return object_learned;
      return object_measured;
    case ConceptKind::style:
      if (learn) return style_learned;
      return style_measured;
    case ConceptKind::caption:
      break;
  }
  if (learn) return caption_learned;
  return caption_measured;
}

// The next word of a list, in turn, another than `taken` if there is one.
class Turn {
 public:
  explicit Turn(const std::vector<std::string>& list, size_t begin = 0) : list_(list), at_(begin) {}
  bool empty() const { return list_.empty(); }
  std::string next(const std::string& taken = {}) {
    for (size_t tries = 0; tries < list_.size(); tries++) {
      const std::string& word = list_[at_++ % list_.size()];
      if (word != taken) return word;
    }
    return list_.front();
  }

 private:
  const std::vector<std::string>& list_;
  size_t at_;
};

class Filler {
 public:
  Filler(const Fillers& f, size_t shift)
      : fillers_(f),
        objects_(f.objects, shift),
        attributes_(f.attributes, shift),
        others_(f.objects, shift + 1 + f.objects.size() / 2),
        others_attributes_(f.attributes, shift + 1 + f.attributes.size() / 2),
        styles_(f.styles, shift),
        backgrounds_(grounds(), shift) {}

  // The template with its places filled, the gap left as {x}; none if there is no word for one.
  std::optional<std::string> filled(std::string_view text) {
    const auto has = [&](const char* what) { return text.find(what) != text.npos; };
    if ((has("{o}") || has("{O}")) && objects_.empty()) return {};
    if ((has("{p}") || has("{P}")) && attributes_.empty()) return {};
    if (has("{s}") && styles_.empty()) return {};
    std::string object, attribute;
    std::string result(text);
    if (fillers_.attributed_gap) {
      if (has("that is {p}")) return {};
      if (const size_t at = result.find("{p} {x}"); at != std::string::npos) result.erase(at, 4);
    }
    const auto put = [&](const char* place, const std::string& word) {
      if (const size_t at = result.find(place); at != std::string::npos)
        result.replace(at, 3, word);
    };
    if (has("{o}")) put("{o}", object = objects_.next());
    if (result.find("{p}") != std::string::npos) put("{p}", attribute = attributes_.next());
    if (has("{O}")) put("{O}", others_.next(object));
    if (has("{P}")) put("{P}", others_attributes_.next(attribute));
    if (has("{s}")) put("{s}", styles_.next());
    if (has("{b}")) put("{b}", backgrounds_.next());
    return result;
  }

 private:
  static const std::vector<std::string>& grounds() {
    static const std::vector<std::string> all = {"white", "gray", "black"};
    return all;
  }
  const Fillers& fillers_;
  Turn objects_, attributes_, others_, others_attributes_, styles_, backgrounds_;
};

bool vowel(char c) { return std::string_view("aeiouAEIOU").find(c) != std::string_view::npos; }

bool ends_in_article(std::string_view text) {
  const std::string lower = lower_ascii(text);
  return lower == "a" || lower == "an" || lower.ends_with(" a") || lower.ends_with(" an");
}

// Every "a" of a text suits the word behind it.
std::string agreed(std::string_view text) {
  std::string result;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find(' ', begin), text.size());
    std::string word(text.substr(begin, end - begin));
    if ((word == "a" || word == "an") && end + 1 < text.size())
      word = vowel(text[end + 1]) ? "an" : "a";
    if (!result.empty()) result += ' ';
    result += word;
    begin = end + 1;
  }
  return result;
}

Sentence sentence(std::string_view filled, bool attributed) {
  constexpr std::string_view gap = "{x}";
  const size_t at = filled.find(gap);
  return {agreed(trimmed(filled.substr(0, at))), agreed(trimmed(filled.substr(at + gap.size()))),
          attributed};
}

// Fills each template in turn, round after round, until `count` different texts have been visited
// or a round brings nothing new.
template <typename Visit>
void fill_in_turn(std::span<const std::string_view> templates, Filler& filler, size_t count,
                  const Visit& visit) {
  std::set<std::string> known;
  for (bool more = true; more && known.size() < count;) {
    more = false;
    for (const std::string_view text : templates) {
      if (known.size() == count) break;
      const auto filled = filler.filled(text);
      if (!filled || !known.insert(*filled).second) continue;
      visit(text, *filled);
      more = true;
    }
  }
}

}  // namespace

std::span<const Word> words(ConceptKind) {
  static constexpr Word all[] = {{"attribute", ConceptKind::attribute},
                                 {"object", ConceptKind::object},
                                 {"style", ConceptKind::style},
                                 {"caption", ConceptKind::caption}};
  return all;
}

std::string with_article(std::string_view text) {
  const std::string lower = lower_ascii(text);
  if (text.empty() || lower.starts_with("a ") || lower.starts_with("an ") ||
      lower.starts_with("the "))
    return std::string(text);
  return (vowel(text.front()) ? "an " : "a ") + std::string(text);
}

std::string Sentence::with(std::string_view word) const { return phrasing(word, "").text(); }

Phrasing Sentence::phrasing(std::string_view concept_, std::string_view anchor) const {
  if (!ends_in_article(before)) return {before, std::string(concept_), std::string(anchor), after};
  // The article belongs to the words, as it depends on them.
  std::string_view rest = before;
  rest = trimmed(rest.substr(0, rest.find_last_of(' ') == rest.npos ? 0 : rest.find_last_of(' ')));
  return {std::string(rest), with_article(concept_), with_article(anchor), after};
}

std::vector<Sentence> sentences(ConceptKind kind, Use use, const Fillers& fillers, size_t count) {
  return sentences(templates_of(kind, use), use, fillers, count);
}

std::vector<Sentence> sentences(std::span<const std::string_view> templates, Use use,
                                const Fillers& fillers, size_t count) {
  Filler filler(fillers, use == Use::learn ? 0 : 2);
  std::vector<Sentence> result;
  fill_in_turn(templates, filler, count, [&](std::string_view text, const std::string& filled) {
    const bool attributed = !fillers.attributed_gap && text.find("{p} {x}") != text.npos;
    result.push_back(sentence(filled, attributed));
  });
  return result;
}

std::vector<std::string> plain_sentences(const Fillers& fillers, size_t count) {
  Filler filler(fillers, 1);
  std::vector<std::string> result;
  fill_in_turn(plain, filler, count, [&](std::string_view, const std::string& filled) {
    result.push_back(agreed(filled));
  });
  return result;
}

}  // namespace lacuna
