#include "cli/help.h"

#include <sstream>

namespace lacuna {
namespace {

constexpr size_t page_width = 80, name_width = 26;

// "  name          text", the text broken at spaces and indented under itself.
std::string entry(const std::string& name, const std::string& text) {
  std::string out, line = "  " + name;
  if (line.size() + 1 > name_width) {
    out = line + "\n";
    line.clear();
  }
  line.resize(name_width, ' ');
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (line.size() + 1 + word.size() > page_width && line.size() > name_width) {
      out += line + "\n";
      line = std::string(name_width, ' ');
    }
    if (line.size() > name_width) line += ' ';
    line += word;
  }
  return out + line + "\n";
}

}  // namespace

std::string HelpFormatter::make_option(const CLI::Option* option, bool is_positional) const {
  std::string text = make_option_desc(option);
  std::string name = make_option_name(option, is_positional);
  if (!option->get_type_name().empty() && !is_positional) name += " " + option->get_type_name();
  if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
  return entry(name, text);
}

std::string HelpFormatter::make_subcommand(const CLI::App* command) const {
  return entry(command->get_name(), command->get_description());
}

}  // namespace lacuna
