// Options as data. Every options struct lists its members once, in describe(Fields&): the option's
// name, what its value is called, a sentence, a range. From that list come the command line and its
// help, the checks, an edit's metadata, a model's own defaults and the viewer's form.
//
//   void EsdOptions::describe(Fields& f) {
//     f.group("How long and how strong");
//     f.add("eta", eta, "X", "How far to push away from the concept")
//         .range(0, 100, "1 erases, larger values push further away").from_model().identity();
//   }
//
// The default of an option is the value that its member has when it is described. Fields point to
// the members, which must outlive them and stay where they are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/options/option.h"
#include "base/options/words.h"

namespace lacuna {

// Who gave an option its value.
enum class Given { nowhere, by_model, by_user };

// Access to a member that is one of a table's words; a value of no_word: none was chosen.
struct WordMember {
  static constexpr int no_word = -1;
  void* member;
  int (*get)(const void*);
  void (*set)(void*, int);
  std::span<const Word> words;
};

class Field {
 public:
  using Member =
      std::variant<bool*, int*, int64_t*, uint64_t*, float*, double*, std::string*,
                   std::filesystem::path*, std::vector<std::string>*, std::optional<int64_t>*,
                   std::optional<uint64_t>*, std::optional<double>*, WordMember>;

  Field(std::string where, std::string group, std::string name, Member member, std::string type,
        std::string help);

  // What describe() says about it; each returns the field.
  Field& range(double least, double most, std::string hint);  // both included
  Field& one_of(std::vector<std::string_view> texts);         // of a text
  Field& also(std::string name);                              // another name
  Field& identity();    // part of what an edit was made with: goes into its metadata
  Field& from_model();  // says how to train: a model may bring a default
  Field& positional();  // written without its name
  Field& required();
  Field& usually(std::string text);  // what --help names as the default
  Field& help(std::string text);
  Field& hint(std::string text);  // of the range

  const std::string& name() const { return name_; }
  const std::vector<std::string>& other_names() const { return other_names_; }
  const std::string& group() const { return group_; }
  const std::string& help() const { return help_; }
  // What its value is called: "X", "FILE", "f16|f32". Empty: a switch, which takes no value.
  const std::string& type() const { return type_; }
  bool is_switch() const { return type_.empty(); }
  bool is_positional() const { return positional_; }
  bool is_required() const { return required_; }
  bool is_identity() const { return identity_; }
  bool may_come_from_model() const { return from_model_; }
  bool repeated() const;                               // may be given several times
  const std::string& usual() const { return usual_; }  // the default as text; empty: none

  // The value as metadata has it: numbers in their shortest form of six digits, switches yes or no.
  std::string text() const;
  Given given() const { return given_; }
  // Takes a value, or one more of a repeated option; "yes" and "no" of a switch. What the user
  // gives replaces what the model gave. Throws InputError that names the option, the value and what
  // is possible.
  void set(const std::string& text, Given by = Given::by_user);
  // Another default, for when neither the user nor the model gives a value.
  template <typename T>
  void suppose(T& member, T value) const {
    if (given_ == Given::nowhere) member = value;
  }
  // Throws InputError if a number is out of range.
  void check() const;

 private:
  friend class Fields;
  [[noreturn]] void refuse(const std::string& text, const char* wanted) const;

  std::string where_, group_, name_, type_, help_, usual_, hint_, identity_name_;
  std::vector<std::string> other_names_;
  std::vector<std::string_view> texts_;  // one_of
  Member member_;
  double least_ = 0, most_ = 0;
  bool ranged_ = false, required_ = false, positional_ = false, identity_ = false,
       from_model_ = false, turns_off_ = false;
  Given given_ = Given::nowhere;
};

class Fields {
 public:
  // `where` is the tag of messages: "[esd] --eta -3 is out of range".
  explicit Fields(std::string where = "option") : where_(std::move(where)) {}
  Fields(Fields&&) = default;

  // What follows belongs under this heading of --help.
  void group(std::string heading) { group_ = std::move(heading); }

  template <typename T>
  Field& add(std::string name, T& member, std::string type, std::string help) {
    return put(std::move(name), &member, std::move(type), std::move(help));
  }
  // A switch.
  Field& add(std::string name, bool& member, std::string help) {
    return put(std::move(name), &member, "", std::move(help));
  }
  // A switch that turns a member off: --no-filter. Metadata has the member's name.
  Field& add_off(std::string name, bool& member, std::string help);
  // One of an enumeration's words: those of words(E), or of another table. A bool may also have
  // words instead of yes and no.
  template <typename E>
  requires std::is_enum_v<E> Field& add(std::string name, E& member, std::string help) {
    return put_words(std::move(name), word_member(member, words(E{})), std::move(help));
  }
  template <typename E>
  requires(std::is_enum_v<E> || std::is_same_v<E, bool>) Field& add(std::string name, E& member,
                                                                    std::span<const Word> table,
                                                                    std::string help) {
    return put_words(std::move(name), word_member(member, table), std::move(help));
  }
  template <typename E>
  requires std::is_enum_v<E> Field& add(std::string name, std::optional<E>& member,
                                        std::span<const Word> table, std::string help) {
    return put_words(
        std::move(name),
        {&member,
         [](const void* m) {
           const auto& value = *static_cast<const std::optional<E>*>(m);
           return value ? static_cast<int>(*value) : WordMember::no_word;
         },
         [](void* m, int value) { *static_cast<std::optional<E>*>(m) = static_cast<E>(value); },
         table},
        std::move(help));
  }
  // Some of another struct's options.
  template <typename Options>
  void pick(Options& options, std::initializer_list<std::string_view> names) {
    Fields all(where_);
    options.describe(all);
    take(std::move(all), names);
  }
  void remove(std::string_view name);
  // Puts an option before the others under its heading.
  void lead(std::string_view name);

  // By any of its names; null if there is none.
  const Field* find(std::string_view name) const;
  Field* find(std::string_view name) {
    return const_cast<Field*>(static_cast<const Fields&>(*this).find(name));
  }
  const Field& operator[](std::string_view name) const;
  Field& operator[](std::string_view name) {
    return const_cast<Field&>(static_cast<const Fields&>(*this)[name]);
  }
  const std::vector<std::unique_ptr<Field>>& all() const { return all_; }
  std::vector<std::string_view> names() const;
  bool given(std::string_view name) const { return (*this)[name].given() != Given::nowhere; }

  // Throws InputError for the first number that is out of range.
  void check() const;
  // The values of the fields that are part of an edit's identity, by name.
  OptionTexts identity() const;

 private:
  template <typename E>
  static WordMember word_member(E& member, std::span<const Word> words) {
    return {&member, [](const void* m) { return static_cast<int>(*static_cast<const E*>(m)); },
            [](void* m, int value) { *static_cast<E*>(m) = static_cast<E>(value); }, words};
  }
  Field& put(std::string name, Field::Member member, std::string type, std::string help);
  Field& put_words(std::string name, WordMember member, std::string help);
  void take(Fields&& from, std::initializer_list<std::string_view> names);

  std::string where_, group_;
  std::vector<std::unique_ptr<Field>> all_;
};

// The fields of a struct, to be looked at: they cannot be set.
template <typename Options>
const Fields fields_of(const Options& options, std::string where = "option") {
  Fields fields(std::move(where));
  // describe() only notes where the members are.
  const_cast<Options&>(options).describe(fields);
  return fields;
}

}  // namespace lacuna
