#include <fmt/format.h>

#include <sstream>

#include "base/options/arguments.h"

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

std::string entry(const Field& field) {
  std::string name = field.is_positional() ? field.name() : option(field.name());
  for (const std::string& other : field.other_names()) name += "," + option(other);
  if (!field.is_switch()) name += " " + field.type();
  std::string text = field.help();
  if (!field.usual().empty()) text += " (default: " + field.usual() + ")";
  return entry(name, text);
}

std::string usage(const Verb& verb, const std::string& path) {
  std::string line = "Usage: " + path;
  if (!verb.runs()) return line + " VERB [OPTIONS]\n";
  line += " [OPTIONS]";
  for (const auto& field : verb.fields.all())
    if (field->is_positional())
      line += field->is_required() ? " " + field->type() : " [" + field->type() + "]";
  line += "\n";
  if (verb.inner.size() > 1) return line + "       " + path + " VERB [OPTIONS]\n";
  for (const auto& inner : verb.inner)
    line += "       " + path + " " + inner->name() + " [OPTIONS]\n";
  return line;
}

}  // namespace

std::string help_text(const Verb& verb, const std::string& path) {
  std::string text = verb.about() + "\n" + usage(verb, path);
  std::vector<std::string> groups;
  for (const auto& field : verb.fields.all())
    if (std::ranges::find(groups, field->group()) == groups.end()) groups.push_back(field->group());
  for (const std::string& group : groups) {
    text += "\n" + (group.empty() ? "Options" : group) + ":\n";
    for (const auto& field : verb.fields.all())
      if (field->group() == group) text += entry(*field);
  }
  if (!verb.inner.empty()) {
    text += "\nVerbs:\n";
    for (const auto& inner : verb.inner) text += entry(inner->name(), inner->about());
  }
  text += "\nHelp:\n" + entry("-h,--help", "Print this help message and exit");
  if (verb.is_program()) text += entry("--version", "Print version and commit, and exit");
  if (!verb.notes().empty()) text += "\n" + verb.notes() + "\n";
  return text;
}

}  // namespace lacuna
