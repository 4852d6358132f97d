// The options of `lacuna erase METHOD` as fields: names, explanations and defaults come from the
// verb itself, so that the window says what --help says.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "viewer/settings.h"

namespace lacuna::viewer {

struct EraseField {
  std::string flag;      // "--concept"
  std::string label;     // "concept"
  std::string type;      // "TEXT", "N", "FILE", ...; empty: a switch
  std::string about;     // the explanation of --help
  std::string usual;     // what holds if nothing is given, in words
  std::string value;     // the same as the option's value: the model's or the verb's default
  bool several = false;  // may be given several times
  bool common = false;   // shown without being asked for
};

struct EraseMethod {
  std::string name, about;
  std::vector<EraseField> fields;
};

// All methods of the verb, with the defaults that the model brings along.
std::vector<EraseMethod> erase_methods(const std::filesystem::path& model);

// What a form says: options by name with their values, "yes" for a switch.
using EraseValues = std::vector<std::pair<std::string, std::string>>;
EraseValues erase_values(const EraseMethod& method, const EraseForm& form, const std::string& model,
                         const std::string& device, const std::string& precision, bool resume);
// The same as one would type it, with quotes if needed.
std::string command_text(const EraseMethod& method, const EraseValues& values);

// The value of an option that was given, or its default.
std::string value_of(const EraseMethod& method, const EraseForm& form, const std::string& flag);
// The folder in which the run keeps its log and state.
std::filesystem::path run_folder(const EraseMethod& method, const EraseForm& form);

}  // namespace lacuna::viewer
