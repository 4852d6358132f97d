// The options of `lacuna erase METHOD` as fields: names, explanations and defaults come from the
// verb itself, so that the window says what --help says.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "viewer/settings.h"

namespace lacuna::viewer {

struct EraseField {
  std::string flag;      // "--concept"
  std::string label;     // "concept"
  std::string type;      // "TEXT", "N", "FILE", ...; empty: a switch
  std::string about;     // the explanation of --help
  std::string usual;     // what holds where nothing is given: the model's or the verb's default
  bool several = false;  // may be given several times
  bool common = false;   // shown without being asked for
};

struct EraseMethod {
  std::string name, about;
  std::vector<EraseField> fields;
};

// All methods of the verb, with the defaults that the model brings along.
std::vector<EraseMethod> erase_methods(const std::filesystem::path& model);

// The command line of a form: what follows "lacuna erase".
std::vector<std::string> erase_arguments(const EraseMethod& method, const EraseForm& form,
                                         const std::string& model, const std::string& device,
                                         const std::string& precision, bool resume);
// As one would type it, with quotes where needed.
std::string command_text(const std::vector<std::string>& arguments);

// The value of an option that was given, or its default.
std::string value_of(const EraseMethod& method, const EraseForm& form, const std::string& flag);
// The folder in which the run keeps its log and state.
std::filesystem::path run_folder(const EraseMethod& method, const EraseForm& form);

}  // namespace lacuna::viewer
