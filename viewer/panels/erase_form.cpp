#include "viewer/panels/erase_form.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "jobs/erase/erase_output.h"
#include "jobs/erase/verbs.h"
#include "jobs/model_defaults.h"

namespace lacuna::viewer {
namespace {

// Options that the window itself answers, or that make no sense in it.
constexpr std::array left_out = {"json",      "profile", "plan-only", "model",
                                 "precision", "device",  "resume",    "show-neighbours"};
// In the order in which they are shown.
constexpr std::array usual = {"concept", "guide",  "prompts", "images",     "make",   "mask",
                              "retain",  "params", "layers",  "iterations", "epochs", "lr",
                              "batch",   "rank",   "seed",    "out",        "force"};

size_t rank_of(const std::string& name) {
  return static_cast<size_t>(std::ranges::find(usual, name) - usual.begin());
}

const EraseField* find(const EraseMethod& method, const std::string& flag) {
  for (const EraseField& f : method.fields)
    if (f.flag == flag) return &f;
  return nullptr;
}

EraseField field_of(const Field& field) {
  EraseField f;
  f.flag = option(field.name());
  f.label = field.name();
  f.type = field.type();
  f.about = field.help();
  f.value = field.is_switch() ? "" : field.text();
  f.usual = field.given() == Given::by_model ? f.value : field.usual();
  f.several = field.repeated();
  f.common = rank_of(field.name()) < usual.size();
  return f;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);)
    if (line.find_first_not_of(" \t\r") != std::string::npos) lines.push_back(line);
  return lines;
}

}  // namespace

std::vector<EraseMethod> erase_methods(const std::filesystem::path& model) {
  std::vector<EraseMethod> methods;
  std::vector<std::unique_ptr<EraseVerb>> verbs = erase_verbs();
  verbs.insert(verbs.begin(), auto_verb());
  for (const auto& verb : verbs) {
    Fields& fields = verb->fields;
    const bool automatic = verb == verbs.front();
    try {
      if (!model.empty() && !automatic)
        apply_model_defaults(fields, model, "erase " + verb->name(),
                             fields[verb->weights_field()].text());
    } catch (const Error&) {
      // The run itself will say what is wrong with the model's file.
    }
    EraseMethod& m = methods.emplace_back(
        EraseMethod{automatic ? automatic_method : verb->name(), verb->about(), {}});
    for (const auto& field : fields.all())
      if (std::ranges::find(left_out, field->name()) == left_out.end())
        m.fields.push_back(field_of(*field));
    std::ranges::stable_sort(m.fields, {}, [](const EraseField& f) { return rank_of(f.label); });
  }
  return methods;
}

EraseValues erase_values(const EraseMethod& method, const EraseForm& form, const std::string& model,
                         const std::string& device, const std::string& precision, bool resume) {
  EraseValues values;
  const auto given = form.options.find(method.name);
  for (const EraseField& f : method.fields) {
    if (given == form.options.end()) break;
    const auto value = given->second.find(f.flag);
    if (value == given->second.end() || value->second.empty()) continue;
    if (f.type.empty())
      values.emplace_back(f.label, "yes");
    else if (f.several)
      for (const std::string& line : lines_of(value->second)) values.emplace_back(f.label, line);
    else
      values.emplace_back(f.label, value->second);
  }
  if (!model.empty()) values.emplace_back("model", model);
  if (!device.empty()) values.emplace_back("device", device);
  if (precision != "auto" && !precision.empty()) values.emplace_back("precision", precision);
  if (resume) values.emplace_back("resume", "yes");
  return values;
}

std::string command_text(const EraseMethod& method, const EraseValues& values) {
  std::string text = "lacuna erase";
  if (method.name != automatic_method) text += " " + method.name;
  for (const auto& [name, value] : values) {
    text += " " + option(name);
    const EraseField* f = find(method, option(name));
    if (name == "resume" || (f && f->type.empty())) continue;
    const bool plain =
        !value.empty() && value.find_first_of(" \t'\"*?[]$&;|<>()\\`!") == std::string::npos;
    if (plain) {
      text += " " + value;
      continue;
    }
    text += " '";
    for (const char c : value) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += "'";
  }
  return text;
}

std::string value_of(const EraseMethod& method, const EraseForm& form, const std::string& flag) {
  if (const auto given = form.options.find(method.name); given != form.options.end())
    if (const auto v = given->second.find(flag); v != given->second.end() && !v->second.empty())
      return v->second;
  const EraseField* f = find(method, flag);
  return f ? f->value : "";
}

std::filesystem::path run_folder(const EraseMethod& method, const EraseForm& form) {
  if (const std::string run = value_of(method, form, "--run"); !run.empty()) return utf8_path(run);
  return run_folder_of(utf8_path(value_of(method, form, "--out")));
}

}  // namespace lacuna::viewer
