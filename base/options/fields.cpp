#include "base/options/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

#include "base/error.h"
#include "base/file.h"

namespace lacuna {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};

template <typename T>
std::optional<T> number(std::string_view text) {
  if (text.size() > 1 && text[0] == '+' && text[1] != '-') text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

template <typename T>
std::string text_of(const T& value) {
  if constexpr (std::is_floating_point_v<T>)
    return fmt::format("{:g}", value);
  else
    return fmt::format("{}", value);
}

// "a red circle | a red square".
std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (size_t i = 0; i < texts.size(); i++) all += (i == 0 ? "" : " | ") + texts[i];
  return all;
}

// "1e-05" -> "1e-5".
std::string without_zeros(std::string text) {
  for (const char* power : {"e-0", "e+0"})
    if (const size_t at = text.find(power); at != std::string::npos) text.erase(at + 2, 1);
  return text;
}

}  // namespace

Field::Field(std::string where, std::string group, std::string name, Member member,
             std::string type, std::string help)
    : where_(std::move(where)),
      group_(std::move(group)),
      name_(std::move(name)),
      type_(std::move(type)),
      help_(std::move(help)),
      identity_name_(name_),
      member_(member) {
  const auto* words = std::get_if<WordMember>(&member_);
  const bool chosen = !words || [&] {
    const auto known = spoken(words->words);
    return std::ranges::find(known, text()) != known.end();
  }();
  if (is_switch() || !chosen) return;
  const bool real =
      std::holds_alternative<double*>(member_) || std::holds_alternative<float*>(member_);
  usual_ = real ? without_zeros(text()) : text();
}

Field& Field::range(double least, double most, std::string hint) {
  least_ = least, most_ = most, ranged_ = true;
  hint_ = std::move(hint);
  return *this;
}
Field& Field::one_of(std::vector<std::string_view> texts) {
  texts_ = std::move(texts);
  if (type_.empty()) type_ = fmt::format("{}", fmt::join(texts_, "|"));
  return *this;
}
Field& Field::also(std::string name) {
  other_names_.push_back(std::move(name));
  return *this;
}
Field& Field::identity() {
  identity_ = true;
  return *this;
}
Field& Field::from_model() {
  from_model_ = true;
  return *this;
}
Field& Field::positional() {
  positional_ = true;
  return *this;
}
Field& Field::required() {
  required_ = true;
  return *this;
}
Field& Field::usually(std::string text) {
  usual_ = std::move(text);
  return *this;
}
Field& Field::help(std::string text) {
  help_ = std::move(text);
  return *this;
}
Field& Field::hint(std::string text) {
  hint_ = std::move(text);
  return *this;
}

bool Field::repeated() const { return std::holds_alternative<std::vector<std::string>*>(member_); }

std::string Field::text() const {
  return std::visit(
      Overloaded{
          [](const bool* v) -> std::string { return *v ? "yes" : "no"; },
          [](const std::string* v) { return *v; },
          [](const std::filesystem::path* v) { return display(*v); },
          [](const std::vector<std::string>* v) { return joined(*v); },
          [](const WordMember& v) { return std::string(word_of(v.words, v.get(v.member))); },
          []<typename T>(const std::optional<T>* v) { return *v ? text_of(**v) : std::string(); },
          []<typename T>(const T* v) { return text_of(*v); }},
      member_);
}

void Field::refuse(const std::string& text, const char* wanted) const {
  throw InputError("[{}] {} takes {}, not '{}'", where_, option(name_), wanted, text);
}

void Field::set(const std::string& text, Given by) {
  const auto put = [&]<typename T>(auto& member, const char* wanted) {
    const std::optional<T> value = number<T>(text);
    if (!value) refuse(text, wanted);
    member = *value;
  };
  constexpr const char *whole = "a whole number", *counted = "a whole number from 0 on",
                       *real = "a number";
  if (!texts_.empty() && std::ranges::find(texts_, text) == texts_.end())
    throw InputError("[{}] {} '{}' is unknown; choose {}{}", where_, option(name_), text,
                     alternatives(texts_), did_you_mean(text, texts_));
  const bool first = given_ != by;  // the user's texts do not add to the model's
  std::visit(
      Overloaded{
          [&](bool* v) {
            if (text != "yes" && text != "no") refuse(text, "yes or no");
            *v = (text == "yes") != turns_off_;
          },
          [&](int* v) { put.template operator()<int>(*v, whole); },
          [&](int64_t* v) { put.template operator()<int64_t>(*v, whole); },
          [&](uint64_t* v) { put.template operator()<uint64_t>(*v, counted); },
          [&](float* v) { put.template operator()<float>(*v, real); },
          [&](double* v) { put.template operator()<double>(*v, real); },
          [&](std::optional<int64_t>* v) { put.template operator()<int64_t>(*v, whole); },
          [&](std::optional<uint64_t>* v) { put.template operator()<uint64_t>(*v, counted); },
          [&](std::optional<double>* v) { put.template operator()<double>(*v, real); },
          [&](std::string* v) { *v = text; },
          [&](std::filesystem::path* v) { *v = std::filesystem::path(text); },
          [&](std::vector<std::string>* v) {
            if (first) v->clear();
            v->push_back(text);
          },
          [&](const WordMember& v) {
            v.set(v.member,
                  parse_word(v.words, text, fmt::format("[{}] {}", where_, option(name_))));
          }},
      member_);
  given_ = by;
}

void Field::check() const {
  if (!ranged_) return;
  const auto inside = [&](auto value) {
    const auto number = static_cast<double>(value);
    return number >= least_ && number <= most_;  // NaN lies outside every range
  };
  const bool fine = std::visit(
      Overloaded{[&]<typename T>(const std::optional<T>* v) { return !*v || inside(**v); },
                 [&]<typename T>(const T* v) {
                   if constexpr (std::is_arithmetic_v<T>)
                     return inside(*v);
                   else
                     return true;
                 },
                 [](const WordMember&) { return true; }},
      member_);
  if (!fine)
    throw InputError("[{}] {} {} is out of range; {}", where_, option(name_), text(), hint_);
}

Field& Fields::put(std::string name, Field::Member member, std::string type, std::string help) {
  if (find(name)) throw std::logic_error("option described twice: " + name);
  return *all_.emplace_back(std::make_unique<Field>(where_, group_, std::move(name), member,
                                                    std::move(type), std::move(help)));
}

Field& Fields::put_words(std::string name, WordMember member, std::string help) {
  std::string type;
  for (const std::string_view text : spoken(member.words))
    type += (type.empty() ? "" : "|") + std::string(text);
  return put(std::move(name), member, std::move(type), std::move(help));
}

Field& Fields::add_off(std::string name, bool& member, std::string help) {
  Field& field = put("no-" + name, &member, "", std::move(help));
  field.turns_off_ = true;
  field.identity_name_ = std::move(name);
  return field;
}

void Fields::take(Fields&& from, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    from[name].group_ = group_;
    for (std::unique_ptr<Field>& field : from.all_)
      if (field && field->name_ == name) all_.push_back(std::move(field));
    std::erase(from.all_, nullptr);
  }
}

void Fields::remove(std::string_view name) {
  const Field* field = &(*this)[name];
  std::erase_if(all_, [&](const auto& f) { return f.get() == field; });
}

const Field* Fields::find(std::string_view name) const {
  for (const auto& field : all_)
    if (field->name_ == name ||
        std::ranges::find(field->other_names_, name) != field->other_names_.end())
      return field.get();
  return nullptr;
}

const Field& Fields::operator[](std::string_view name) const {
  if (const Field* field = find(name)) return *field;
  throw std::logic_error("no such option: " + std::string(name));
}

std::vector<std::string_view> Fields::names() const {
  std::vector<std::string_view> names;
  for (const auto& field : all_) {
    if (field->positional_) continue;
    names.push_back(field->name_);
    names.insert(names.end(), field->other_names_.begin(), field->other_names_.end());
  }
  return names;
}

void Fields::check() const {
  for (const auto& field : all_) field->check();
}

OptionTexts Fields::identity() const {
  OptionTexts texts;
  for (const auto& field : all_)
    if (field->identity_) texts[field->identity_name_] = field->text();
  return texts;
}

}  // namespace lacuna
