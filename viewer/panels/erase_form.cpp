#include "viewer/panels/erase_form.h"

#include <algorithm>
#include <array>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "cli/erase/erase.h"
#include "cli/model_defaults.h"

namespace lacuna::viewer {
namespace {

// Options that the window itself answers, or that make no sense in it.
constexpr std::array hidden = {"--help",  "--json",   "--profile",   "--plan-only",
                               "--model", "--device", "--precision", "--resume"};
// In the order in which they are shown.
constexpr std::array usual = {"--concept", "--guide",  "--prompts", "--images", "--make",
                              "--mask",    "--retain", "--params",  "--layers", "--iterations",
                              "--epochs",  "--lr",     "--batch",   "--rank",   "--seed",
                              "--out",     "--force"};

size_t rank_of(const std::string& flag) {
  return static_cast<size_t>(std::ranges::find(usual, flag) - usual.begin());
}

const EraseField* find(const EraseMethod& method, const std::string& flag) {
  for (const EraseField& f : method.fields)
    if (f.flag == flag) return &f;
  return nullptr;
}

EraseField field_of(const CLI::Option& option) {
  EraseField f;
  f.flag = "--" + option.get_lnames().at(0);
  f.label = option.get_lnames().at(0);
  f.type = option.get_expected_max() == 0 ? "" : option.get_type_name();
  f.about = option.get_description();
  f.usual = option.get_default_str();
  if (f.usual == "\"\"" || f.usual == "[]") f.usual.clear();
  // What the model says was put in as if it had been given.
  if (option.count() > 0 && !f.type.empty()) f.usual = option.results().back();
  f.several = option.get_multi_option_policy() == CLI::MultiOptionPolicy::TakeAll;
  f.common = rank_of(f.flag) < usual.size();
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
  CLI::App app;
  add_erase(app);
  std::vector<EraseMethod> methods;
  for (CLI::App* c : app.get_subcommand("erase")->get_subcommands({})) {
    const CLI::Option* set = c->get_option_no_throw("--params");
    if (!set) set = c->get_option_no_throw("--layers");
    try {
      if (set && !model.empty())
        apply_model_defaults(*c, model, "erase " + c->get_name(), set->get_default_str());
    } catch (const Error&) {
      // The run itself will say what is wrong with the model's file.
    }
    EraseMethod& m = methods.emplace_back(EraseMethod{c->get_name(), c->get_description(), {}});
    for (const CLI::Option* option : c->get_options()) {
      if (option->get_lnames().empty()) continue;
      EraseField f = field_of(*option);
      if (std::ranges::find(hidden, f.flag) == hidden.end()) m.fields.push_back(std::move(f));
    }
    std::ranges::stable_sort(m.fields, {}, [](const EraseField& f) { return rank_of(f.flag); });
  }
  return methods;
}

std::vector<std::string> erase_arguments(const EraseMethod& method, const EraseForm& form,
                                         const std::string& model, const std::string& device,
                                         const std::string& precision, bool resume) {
  std::vector<std::string> arguments = {method.name};
  const auto given = form.options.find(method.name);
  for (const EraseField& f : method.fields) {
    if (given == form.options.end()) break;
    const auto value = given->second.find(f.flag);
    if (value == given->second.end() || value->second.empty()) continue;
    if (f.type.empty()) {
      arguments.push_back(f.flag);
      continue;
    }
    for (const std::string& line :
         f.several ? lines_of(value->second) : std::vector<std::string>{value->second}) {
      arguments.push_back(f.flag);
      arguments.push_back(line);
    }
  }
  const auto also = [&](const char* flag, const std::string& value) {
    if (value.empty()) return;
    arguments.emplace_back(flag);
    arguments.push_back(value);
  };
  also("--model", model);
  also("--device", device);
  if (precision != "auto") also("--precision", precision);
  if (resume) arguments.emplace_back("--resume");
  return arguments;
}

std::string command_text(const std::vector<std::string>& arguments) {
  std::string text = "lacuna erase";
  for (const std::string& a : arguments) {
    const bool plain = !a.empty() && a.find_first_of(" \t'\"*?[]$&;|<>()\\`!") == std::string::npos;
    if (plain) {
      text += " " + a;
      continue;
    }
    text += " '";
    for (const char c : a) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
    text += "'";
  }
  return text;
}

std::string value_of(const EraseMethod& method, const EraseForm& form, const std::string& flag) {
  if (const auto given = form.options.find(method.name); given != form.options.end())
    if (const auto v = given->second.find(flag); v != given->second.end() && !v->second.empty())
      return v->second;
  const EraseField* f = find(method, flag);
  return f ? f->usual : "";
}

std::filesystem::path run_folder(const EraseMethod& method, const EraseForm& form) {
  if (const std::string run = value_of(method, form, "--run"); !run.empty()) return utf8_path(run);
  std::filesystem::path out = utf8_path(value_of(method, form, "--out"));
  return out.parent_path() / (out.stem() += ".run");
}

}  // namespace lacuna::viewer
