#include "erase/closed/concept_embeddings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/options/fields.h"
#include "base/text.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "models/text/text_cache.h"

namespace lacuna {
namespace {

using Eigen::Index;

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string text;
  for (const std::string_view part : parts)
    if (!part.empty()) text += (text.empty() ? "" : " ") + std::string(part);
  return text;
}

// `line` with words from `at` to `end` replaced.
Phrasing phrasing(std::string_view line, size_t at, size_t end, const std::string& words,
                  const std::string& guide) {
  return {std::string(trimmed(line.substr(0, at))), words, guide,
          std::string(trimmed(line.substr(end)))};
}

constexpr std::string_view placeholder = "{}";

Matrix states_of(TextCache& cache, const std::string& text, Index width) {
  const Embeddings states = cache.conditioning(text).sequence;
  const auto tokens = static_cast<Index>(states->size()) / width;
  return Eigen::Map<const Eigen::MatrixXf>(states->data(), width, tokens).cast<double>();
}

// Where a text's last token of `words` lies: after the start token and what stands before.
Index last_token(const Tokenizer& tokenizer, const std::string& before, const std::string& words) {
  return static_cast<Index>(tokenizer.tokens_of(before).size() + tokenizer.tokens_of(words).size());
}

// Where two texts' states are paired.
struct Pairing {
  Index concept_at, anchor_at, count;
};

Pairing pairing_of(const Tokenizer& tokenizer, const Phrasing& p, Tokens tokens) {
  if (tokenizer.tokens_of(p.words).empty())
    throw InputError("[erase] the concept '{}' has no token; write it in words", p.words);
  const Index context = tokenizer.context();
  const Index at = last_token(tokenizer, p.before, p.words);
  const Index anchor = last_token(tokenizer, p.before, p.guide);
  const Index latest = std::max(at, anchor);
  if (latest >= context - 1)
    throw InputError(
        "[erase] '{}' names the concept beyond the {} tokens that are read; shorten it",
        at > anchor ? p.text() : p.anchor(), context);
  return {at, anchor, tokens == Tokens::last ? 1 : context - latest};
}

}  // namespace

std::span<const Word> words(Tokens) {
  static constexpr Word all[] = {{"last", Tokens::last}, {"all", Tokens::all}};
  return all;
}

void ConceptOptions::describe(Fields& f) {
  f.group(group::what);
  f.add("concept", concepts, "TEXT", "What to erase; may be given several times").identity();
  f.add("guide", guides, "TEXT",
        "What stands in its place: one text for all concepts, or one for each")
      .also("anchor")
      .identity()
      .usually("nothing");
  f.add("tokens", tokens,
        "Use the state of each text's last token (last), or of a concept's last token, all that "
        "follow it and all tokens of the texts that must stay (all)")
      .from_model()
      .identity();
  f.group(group::keep);
  f.add("preserve", retained, "TEXT", "A text that must stay; may be given several times");
}

void ConceptOptions::check(const char* method) const {
  if (concepts.empty())
    throw InputError("[{}] there is nothing to erase; name it with {} \"red\"", method,
                     option("concept"));
  if (guides.size() > 1 && guides.size() != concepts.size())
    throw InputError("[{}] {} guides do not go with {} concepts; give one for all or one for each",
                     method, guides.size(), concepts.size());
  for (const std::string& text : concepts)
    if (trimmed(text).empty())
      throw InputError("[{}] a concept is empty; write what to erase in words", method);
  for (size_t i = 0; i < concepts.size(); i++)
    if (lower_ascii(trimmed(concepts[i])) == lower_ascii(trimmed(guide_of(i))))
      throw InputError(
          "[{}] the concept '{}' is its own guide, so nothing would change; name another {}",
          method, concepts[i], option("guide"));
}

const std::string& ConceptOptions::guide_of(size_t concept_index) const {
  static const std::string none;
  return guides.empty() ? none : guides[guides.size() == 1 ? 0 : concept_index];
}

std::map<std::string, std::string> ConceptOptions::texts() const {
  OptionTexts texts = fields_of(*this).identity();
  texts["prompts"] = list(prompts);
  texts["retain"] = list(retained);
  return texts;
}

std::string Phrasing::text() const { return joined({before, words, after}); }
std::string Phrasing::anchor() const { return joined({before, guide, after}); }

std::vector<std::string> texts_of(const std::vector<Phrasing>& phrasings) {
  std::vector<std::string> texts;
  for (const Phrasing& p : phrasings) texts.push_back(p.text());
  return texts;
}

std::vector<std::string> anchors_of(const std::vector<Phrasing>& phrasings) {
  std::vector<std::string> texts;
  for (const Phrasing& p : phrasings) texts.push_back(p.anchor());
  return texts;
}

std::vector<Phrasing> phrasings_of(const ConceptOptions& o, const char* method) {
  o.check(method);
  std::vector<Phrasing> all;
  for (const std::string& line : o.prompts.empty() ? o.concepts : o.prompts) {
    if (const size_t at = line.find(placeholder); at != std::string::npos) {
      for (size_t i = 0; i < o.concepts.size(); i++)
        all.push_back(phrasing(line, at, at + placeholder.size(), o.concepts[i], o.guide_of(i)));
      continue;
    }
    const std::string named = concept_in(line, o.concepts);
    const auto known = std::find(o.concepts.begin(), o.concepts.end(), named);
    const size_t index =
        known == o.concepts.end() ? 0 : static_cast<size_t>(known - o.concepts.begin());
    const size_t at = place_of(named, line).value_or(0);
    all.push_back(phrasing(line, at, at + named.size(), named, o.guide_of(index)));
  }
  std::set<std::string> texts;
  for (const Phrasing& p : all) texts.insert(lower_ascii(p.text()));
  for (const std::string& text : o.retained)
    if (texts.contains(lower_ascii(trimmed(text))))
      throw InputError("[{}] '{}' is to be erased and to be preserved; leave out one of the two",
                       method, text);
  return all;
}

ConceptStates concept_states(TextEncoder& encoder, const std::vector<Phrasing>& phrasings,
                             const std::vector<std::string>& retained, Tokens tokens,
                             const TellTexts& tell) {
  TextPredictor predictor(encoder);
  TextCache cache(predictor);
  const Tokenizer& tokenizer = encoder.tokenizer();
  const Index width = encoder.width(), context = tokenizer.context();
  const size_t total = phrasings.size() + retained.size();
  std::vector<Pairing> pairings;
  Index n = 0;
  for (const Phrasing& p : phrasings)
    n += pairings.emplace_back(pairing_of(tokenizer, p, tokens)).count;

  ConceptStates result;
  result.empty = states_of(cache, "", width);
  result.pairs = {Matrix(width, n), Matrix(width, n)};
  Index column = 0;
  for (size_t i = 0; i < phrasings.size(); i++) {
    tell(i, total);
    const Pairing& p = pairings[i];
    result.pairs.concepts.middleCols(column, p.count) =
        states_of(cache, phrasings[i].text(), width).middleCols(p.concept_at, p.count);
    result.pairs.anchors.middleCols(column, p.count) =
        states_of(cache, phrasings[i].anchor(), width).middleCols(p.anchor_at, p.count);
    column += p.count;
  }

  const Index each = tokens == Tokens::last ? 1 : context;
  result.retained.resize(width, each * static_cast<Index>(retained.size()));
  for (size_t i = 0; i < retained.size(); i++) {
    tell(phrasings.size() + i, total);
    // Index 0 is the start token, so that of the empty text's last token, too.
    const Index last = std::min(last_token(tokenizer, "", retained[i]), context - 2);
    result.retained.middleCols(static_cast<Index>(i) * each, each) =
        states_of(cache, retained[i], width).middleCols(tokens == Tokens::last ? last : 0, each);
  }
  return result;
}

}  // namespace lacuna
