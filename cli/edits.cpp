#include "cli/edits.h"

#include <fmt/format.h>

namespace lacuna {

CLI::Option* EditOptions::add_to(CLI::App& command) {
  return command
      .add_option("--edit", files,
                  "Use the model under an edit, at a strength of 1 or the number after a colon; "
                  "several add up")
      ->type_name("FILE[:X]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

std::string describe(std::span<const Edit> edits) {
  std::string text;
  for (const Edit& e : edits) text += (text.empty() ? "" : ", ") + e.describe();
  return text;
}

std::vector<Edit> EditOptions::open() const {
  std::vector<Edit> edits;
  for (const std::string& file : files) edits.push_back(Edit::parse(file));
  return edits;
}

void EditedModel::use(bool edited) {
  if (edited)
    model_.predictor().set_overlay([this](Graph& graph) { weights_.replace(graph); });
  else
    model_.predictor().set_overlay({});
}

}  // namespace lacuna
