#include "base/options/arguments.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"

namespace lacuna {
namespace {

class Parser {
 public:
  Parser(Verb& root, std::span<const std::string> words) : words_(words) {
    result_.verb = &root;
    result_.path = root.name();
  }

  Arguments parse() {
    bool only_positional = false;
    while (at_ < words_.size() && result_.wish == Arguments::run) {
      const std::string& word = words_[at_++];
      if (only_positional)
        take_positional(word);
      else if (word == "--")
        only_positional = true;
      else if (word == "-h" || word == "--help")
        result_.wish = Arguments::help;
      else if (word == "--version" && result_.verb->is_program())
        result_.wish = Arguments::version;
      else if (word.starts_with("--") && word.size() > 2)
        take_option(word.substr(2));
      else if (word.size() > 1 && word[0] == '-' && !negative_number(word))
        unknown_option(word);
      else if (Verb* inner = inner_verb(word))
        descend(*inner);
      else
        take_positional(word);
    }
    if (result_.wish == Arguments::run) finish();
    return result_;
  }

 private:
  static bool negative_number(const std::string& word) {
    return word.find_first_not_of("-+.0123456789e") == std::string::npos;
  }

  Verb* inner_verb(const std::string& name) const {
    for (const auto& verb : result_.verb->inner)
      if (verb->name() == name) return verb.get();
    return nullptr;
  }

  void descend(Verb& inner) {
    for (const auto& field : result_.verb->fields.all())
      if (field->given() == Given::by_user)
        throw InputError(
            "[{}] {} stands before '{}', which has options of its own; write it behind",
            result_.verb->name(), option(field->name()), inner.name());
    result_.verb = &inner;
    result_.path += " " + inner.name();
  }

  void take_option(const std::string& text) {
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    Field* field = result_.verb->fields.find(name);
    if (!field || field->is_positional()) unknown_option(option(name));
    if (field->is_switch()) {
      std::string value = equals == std::string::npos ? "yes" : text.substr(equals + 1);
      if (value == "true" || value == "1") value = "yes";
      if (value == "false" || value == "0") value = "no";
      field->set(value);
      return;
    }
    if (field->given() == Given::by_user && !field->repeated())
      throw InputError("[{}] {} is given twice; give it once", result_.verb->name(), option(name));
    if (equals == std::string::npos && at_ == words_.size())
      throw InputError("[{}] {} needs a value, {}", result_.verb->name(), option(name),
                       field->type());
    field->set(equals == std::string::npos ? words_[at_++] : text.substr(equals + 1));
  }

  void take_positional(const std::string& word) {
    for (const auto& field : result_.verb->fields.all())
      if (field->is_positional() && (field->repeated() || field->given() == Given::nowhere)) {
        field->set(word);
        return;
      }
    if (result_.verb->inner.empty())
      throw InputError("[{}] \"{}\" is one word too many; `{} --help` lists the options",
                       result_.verb->name(), word, result_.path);
    std::vector<std::string_view> names;
    for (const auto& verb : result_.verb->inner) names.push_back(verb->name());
    const std::string near = did_you_mean(word, names, "`");
    throw InputError("[{}] '{}' is no verb{}", result_.verb->name(), word,
                     near.empty() ? fmt::format("; `{} --help` lists them", result_.path) : near);
  }

  [[noreturn]] void unknown_option(const std::string& text) const {
    const std::string name = text.substr(std::min(text.find_first_not_of('-'), text.size()));
    std::vector<std::string_view> names = result_.verb->fields.names();
    names.push_back("help");
    if (result_.verb->is_program()) names.push_back("version");
    const std::string near = nearest(name, names, 1, (name.size() + 1) / 3);
    throw InputError("[{}] {} is no option of `{}`{}", result_.verb->name(), text, result_.path,
                     near.empty() ? fmt::format("; `{} --help` lists them", result_.path)
                                  : fmt::format("; did you mean {}?", option(near)));
  }

  void finish() const {
    const Verb& verb = *result_.verb;
    if (!verb.runs())
      throw InputError("[{}] say what to do; `{} --help` lists the verbs", verb.name(),
                       result_.path);
    for (const auto& field : verb.fields.all())
      if (field->is_required() && field->given() == Given::nowhere)
        throw InputError("[{}] {} is missing; `{} --help` explains it", verb.name(),
                         field->is_positional() ? field->name() : option(field->name()),
                         result_.path);
    verb.fields.check();
  }

  std::span<const std::string> words_;
  size_t at_ = 0;
  Arguments result_;
};

}  // namespace

Arguments parse_arguments(Verb& root, std::span<const std::string> words) {
  return Parser(root, words).parse();
}

std::vector<std::string> words_of(int argc, char** argv) {
  return {argv + std::min(argc, 1), argv + argc};
}

}  // namespace lacuna
