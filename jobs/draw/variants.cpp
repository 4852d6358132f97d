#include "jobs/draw/variants.h"

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"

namespace lacuna {

Variants::Variants(const EditOptions& options, const std::vector<std::string>& more,
                   bool original) {
  std::vector<std::string> always, rows;
  for (const std::string& argument : options.files) {
    std::vector<std::string> files = expanded(argument);
    if (&argument == &options.files.back()) files.insert(files.end(), more.begin(), more.end());
    if (files.size() == 1) {
      always.push_back(files[0]);
      continue;
    }
    if (!rows.empty())
      throw InputError("[edit] more than one {} stands for several files; expand but one",
                       option("edit"));
    rows = files;
  }
  const auto opened = [&](const std::string& last) {
    EditOptions chosen{always};
    if (!last.empty()) chosen.files.push_back(last);
    return chosen.open();
  };
  several = !rows.empty();
  if (original || options.files.empty()) all.push_back({"original", {}});
  for (const std::string& row : rows)
    all.push_back({display(std::filesystem::path(row).stem()), opened(row)});
  if (rows.empty() && !always.empty()) all.push_back({"edited", opened("")});
}

}  // namespace lacuna
