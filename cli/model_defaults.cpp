#include "cli/model_defaults.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "models/files/model_files.h"

namespace lacuna {

std::string apply_model_defaults(CLI::App& command, const std::filesystem::path& model,
                                 const std::string& verb, const std::string& set) {
  const std::filesystem::path file = configuration_folder(model) / "lacuna.json";
  if (!std::filesystem::exists(file)) return {};
  const Json all = read_json(file, {.bytes = 1 << 20, .values = 10'000, .depth = 8});
  if (!all.has(verb) || !all.at(verb).has(set)) return {};
  std::string given;
  for (const auto& [name, value] : all.at(verb).at(set).members()) {
    const std::string flag = "--" + name, text = value.as<std::string>();
    CLI::Option* option = command.get_option_no_throw(flag);
    if (!option) value.fail(fmt::format("is no option of `lacuna {}`", verb));
    if (option->count() > 0) continue;
    try {
      option->add_result(text);
      option->run_callback();
    } catch (const CLI::Error&) { value.fail(fmt::format("is nothing that {} takes", flag)); }
    given += fmt::format("{}{} {}", given.empty() ? "" : " ", flag, text);
  }
  return given;
}

}  // namespace lacuna
