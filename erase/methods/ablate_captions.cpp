#include "erase/methods/ablate_captions.h"

#include "base/error.h"
#include "base/options/fields.h"
#include "base/text.h"
#include "erase/groups.h"

namespace lacuna {
namespace {

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

// The first place of the words in any case, a part of a longer word ("cats") included.
std::string with_target(const std::string& prompt, const std::string& anchor,
                        const std::string& target) {
  const std::string low = lower_ascii(prompt), word = lower_ascii(anchor);
  if (low.find(lower_ascii(target)) != low.npos)
    throw InputError(
        "[ablate] the anchor prompt \"{}\" names \"{}\", which is to be ablated; take it out of "
        "the file",
        prompt, target);
  const size_t at = low.find(word);
  if (at == low.npos)
    throw InputError(
        "[ablate] the anchor prompt \"{}\" does not name the anchor \"{}\"; every prompt of an "
        "object must",
        prompt, anchor);
  return std::string(prompt).replace(at, anchor.size(), target);
}

std::string without_case_or_spaces(std::string_view text) {
  std::string words;
  for (const char c : lower_ascii(text))
    if (c != ' ' && c != '\t') words += c;
  return words;
}

}  // namespace

std::span<const Word> words(ConceptType) {
  static constexpr Word all[] = {{"style", ConceptType::style},
                                 {"object", ConceptType::object},
                                 {"memorization", ConceptType::memorization},
                                 {"pairs", ConceptType::pairs}};
  return all;
}

void CaptionOptions::describe(Fields& f) {
  f.group(group::what);
  f.add("type", type,
        "What the concept is: a style, an object with its anchor, a memorised picture, or captions "
        "by pairs");
  f.add("concept", concepts, "TEXT",
        "What to ablate: a style's name, an object (\"grumpy cat\", or \"cat+grumpy cat\"), the "
        "memorised picture's caption; may be given several times");
  f.add("anchor", anchor, "TEXT", "Of an object: what it is to become");
  f.add("template", templates, "TEXT",
        "Of a style: a caption, with {anchor} and {target}; may be given several times")
      .from_model()
      .usually("the three published ones");
}

std::vector<std::string> style_templates() {
  return {"{anchor}, in the style of {target}", "{target} inspired painting, {anchor}",
          "in {target}'s style, {anchor}"};
}

std::vector<std::string> object_prompts(const std::string& anchor) {
  std::vector<std::string> prompts;
  for (const char* t :
       {"a {}", "a picture of a {}", "an image of a {}", "a drawing of a {}", "a photo of a {}",
        "a {} on a white background", "a {} on a gray background", "a picture of one {}",
        "a small {}", "a large {}"})
    prompts.push_back(replaced(t, "{}", anchor));
  return prompts;
}

void split_published(CaptionOptions& o) {
  if (o.type != ConceptType::object && o.type != ConceptType::memorization) return;
  std::vector<std::string> concepts;
  for (std::string_view text : o.concepts)
    while (true) {
      const size_t end = text.find(';');
      std::string_view one = trimmed(text.substr(0, end));
      const size_t plus = one.find('+');
      if (plus != one.npos) {
        const std::string anchor(trimmed(one.substr(0, plus)));
        if (o.type == ConceptType::object) {
          if (!o.anchor.empty() && o.anchor != anchor)
            throw InputError(
                "[ablate] two anchors are given, \"{}\" and \"{}\"; ablate them in two runs",
                o.anchor, anchor);
          o.anchor = anchor;
        }
        one = trimmed(one.substr(plus + 1));
      }
      concepts.emplace_back(one);
      if (end == text.npos) break;
      text.remove_prefix(end + 1);
    }
  o.concepts = std::move(concepts);
}

void check_pairs(std::span<const CaptionPair> pairs) {
  for (const CaptionPair& p : pairs)
    for (const std::string& target : p.targets)
      if (without_case_or_spaces(target) == without_case_or_spaces(p.anchor))
        throw InputError(
            "[ablate] target and anchor are the same text, \"{}\": there is nothing to learn; give "
            "another anchor",
            target);
}

std::vector<CaptionPair> caption_pairs(const CaptionOptions& o) {
  if (o.concepts.empty())
    throw InputError("[ablate] there is nothing to ablate; name it with {} \"Dotti\"",
                     option("concept"));
  for (const std::string& c : o.concepts)
    if (trimmed(c).empty())
      throw InputError("[ablate] a {} is empty; name what is to be ablated", option("concept"));
  if (o.type == ConceptType::object) {
    if (o.anchor.empty())
      throw InputError(
          "[ablate] an object needs its anchor, what it is to become; give {} cat with {} \"grumpy "
          "cat\"",
          option("anchor"), option("concept"));
    for (const std::string& c : o.concepts)
      if (without_case_or_spaces(c) == without_case_or_spaces(o.anchor))
        throw InputError(
            "[ablate] concept and anchor are both \"{}\": there is nothing to learn; give another "
            "{}",
            c, option("anchor"));
  }
  if (o.prompts.empty())
    throw InputError(
        "[ablate] there are no anchor prompts, which say what the concept is to become; name a "
        "file with {}",
        option("anchors"));
  std::vector<CaptionPair> pairs;
  for (const std::string& prompt : o.prompts) {
    CaptionPair pair{prompt, {}};
    for (const std::string& c : o.concepts) {
      if (o.type == ConceptType::memorization) pair.targets.push_back(c);
      if (o.type == ConceptType::object) pair.targets.push_back(with_target(prompt, o.anchor, c));
      if (o.type == ConceptType::style)
        for (const std::string& t : o.templates) {
          if (t.find("{anchor}") == t.npos || t.find("{target}") == t.npos)
            throw InputError(
                "[ablate] the template \"{}\" must hold both {{anchor}} and {{target}}, such as "
                "\"{{anchor}}, in the style of {{target}}\"",
                t);
          // The target last: its text may hold anything.
          pair.targets.push_back(replaced(replaced(t, "{anchor}", prompt), "{target}", c));
        }
    }
    pairs.push_back(std::move(pair));
  }
  check_pairs(pairs);
  return pairs;
}

}  // namespace lacuna
