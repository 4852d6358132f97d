#include "jobs/model_defaults.h"

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/options/fields.h"
#include "models/files/model_files.h"

namespace lacuna {

std::string apply_model_defaults(Fields& fields, const std::filesystem::path& model,
                                 const std::string& verb, const std::string& set) {
  const std::filesystem::path file = configuration_folder(model) / "lacuna.json";
  if (!std::filesystem::exists(file)) return {};
  const Json all = read_json(file, {.bytes = 1 << 20, .values = 10'000, .depth = 8});
  if (!all.has(verb) || !all.at(verb).has(set)) return {};
  std::string given;
  for (const auto& [name, value] : all.at(verb).at(set).members()) {
    const std::string text = value.as<std::string>();
    Field* field = fields.find(name);
    if (!field) value.fail(fmt::format("is no option of `lacuna {}`", verb));
    if (!field->may_come_from_model())
      value.fail("says more than how to train, which a model may not decide");
    if (field->given() == Given::by_user) continue;
    try {
      field->set(text, Given::by_model);
    } catch (const InputError&) {
      value.fail(fmt::format("is nothing that {} takes", option(name)));
    }
    given += fmt::format("{}{} {}", given.empty() ? "" : " ", option(name), text);
  }
  return given;
}

}  // namespace lacuna
