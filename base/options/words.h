// Enumerations as words, each table written once: beside an enum E stands words(E), and from it
// come what an option accepts, what --help lists and what metadata says.
//
//   enum class Decay { constant, linear, cosine };
//   std::span<const Word> words(Decay);
//
//   word_of(Decay::linear) == "linear", parse_word<Decay>("linear") == Decay::linear
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lacuna {

struct Word {
  std::string_view text;
  int value;
  bool spoken;  // whether a user may write it; otherwise it only says that nothing was chosen

  template <typename E>
  constexpr Word(std::string_view word, E of, bool may_be_written = true)
      : text(word), value(static_cast<int>(of)), spoken(may_be_written) {}
};

std::string_view word_of(std::span<const Word> words, int value);
// Throws InputError that lists the words; `what` begins the sentence ("[esd] --direction").
int parse_word(std::span<const Word> words, std::string_view text, std::string_view what);
std::vector<std::string_view> spoken(std::span<const Word> words);

template <typename E>
std::string_view word_of(E value) {
  return word_of(words(value), static_cast<int>(value));
}
template <typename E>
E parse_word(std::string_view text) {
  return static_cast<E>(parse_word(words(E{}), text, "[option]"));
}

// "ddim, pndm or lms".
std::string alternatives(std::span<const std::string_view> texts);

// Up to `most` of the names that are like the word, the nearest first, as "attn2, attn1": at most
// `far` letters differ. Empty if none is.
std::string nearest(std::string_view word, std::span<const std::string_view> names, size_t most,
                    size_t far);
// "; did you mean 'sample'?" for a slip of the keyboard, else empty.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> names,
                         std::string_view quote = "'");

}  // namespace lacuna
