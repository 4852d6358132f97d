#include "jobs/prompts.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/file.h"
#include "base/unicode.h"

namespace lacuna {
namespace {

constexpr size_t size_limit = size_t{64} << 20;

std::string trimmed(std::string_view text) {
  const char* space = " \t\r\n";
  const size_t begin = text.find_first_not_of(space);
  return begin == text.npos
             ? std::string()
             : std::string(text.substr(begin, text.find_last_not_of(space) - begin + 1));
}

std::optional<size_t> column(const std::vector<std::string>& header,
                             std::initializer_list<std::string_view> names) {
  for (std::string_view name : names)
    for (size_t i = 0; i < header.size(); i++)
      if (trimmed(header[i]) == name) return i;
  return {};
}

uint64_t parse_seed(const std::string& text, const std::filesystem::path& path, size_t row) {
  uint64_t seed = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seed);
  if (error != std::errc() || end != text.data() + text.size())
    throw InputError("[prompts] {}: row {}: the seed '{}' is no whole number of 0 or more",
                     display(path), row, text);
  return seed;
}

std::vector<PromptLine> from_csv(const std::string& text, const std::filesystem::path& path) {
  const auto rows = parse_csv(text, display(path));
  if (rows.empty()) return {};
  const auto prompt = column(rows[0], {"prompt"});
  const auto negative = column(rows[0], {"negative", "negative_prompt"});
  const auto seed = column(rows[0], {"seed", "evaluation_seed"});
  if (!prompt)
    throw InputError(
        "[prompts] {} has no column named \"prompt\" in its first row; add a header such as "
        "prompt,seed",
        display(path));
  std::vector<PromptLine> lines;
  for (size_t r = 1; r < rows.size(); r++) {
    if (rows[r].size() != rows[0].size())
      throw InputError(
          "[prompts] {}: row {} has {} fields and the header has {}; quote texts that contain "
          "commas",
          display(path), r + 1, rows[r].size(), rows[0].size());
    PromptLine line{rows[r][*prompt], {}, {}};
    if (negative) line.negative = rows[r][*negative];
    if (seed && !trimmed(rows[r][*seed]).empty())
      line.seed = parse_seed(trimmed(rows[r][*seed]), path, r + 1);
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& name) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool quoted = false, any = false;
  const auto end_row = [&] {
    row.push_back(std::move(field));
    field.clear();
    if (any) rows.push_back(std::move(row));
    row.clear();
    any = false;
  };
  for (size_t i = 0; i < text.size(); i++) {
    const char c = text[i];
    if (quoted) {
      if (c != '"')
        field += c;
      else if (i + 1 < text.size() && text[i + 1] == '"')
        field += text[++i];
      else
        quoted = false;
    } else if (c == '"' && field.empty()) {
      quoted = any = true;
    } else if (c == ',') {
      row.push_back(std::move(field));
      field.clear();
      any = true;
    } else if (c == '\n') {
      end_row();
    } else if (c != '\r') {
      field += c;
      any = true;
    }
  }
  if (quoted)
    throw InputError("[prompts] {}: the quote opened in row {} is not closed", name,
                     rows.size() + 1);
  end_row();
  return rows;
}

namespace {

// Lines without the space around them, and without the empty ones.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (std::string line = trimmed(std::string_view(text).substr(at, end - at)); !line.empty())
      lines.push_back(std::move(line));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::string read_prompt_text(const std::filesystem::path& path) {
  std::string text = read_file(path, size_limit);
  if (text.starts_with("\xef\xbb\xbf")) text.erase(0, 3);
  size_t line = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view bytes = std::string_view(text).substr(at, end - at);
    at = end + 1;
    line++;
    // What is well-formed is the same bytes again.
    if (bytes.find('\0') == bytes.npos && encode_utf8(decode_utf8(bytes)) == bytes) continue;
    throw InputError("[prompts] {}: line {} is no text in UTF-8; save the file in that encoding",
                     display(path), line);
  }
  return text;
}

std::vector<PromptLine> read_prompts(const std::filesystem::path& path) {
  const std::string text = read_prompt_text(path);
  std::vector<PromptLine> lines;
  if (path.extension() == ".csv") {
    lines = from_csv(text, path);
  } else {
    for (std::string& line : lines_of(text))
      if (line[0] != '#') lines.push_back({std::move(line), {}, {}});
  }
  if (lines.empty()) throw InputError("[prompts] {} contains no prompt", display(path));
  return lines;
}

std::vector<PromptGroup> read_prompt_groups(const std::filesystem::path& path,
                                            const std::string& first) {
  std::vector<PromptGroup> groups = {{first, {}}};
  if (path.extension() == ".csv") {
    for (PromptLine& line : read_prompts(path)) groups[0].prompts.push_back(std::move(line.prompt));
    return groups;
  }
  for (std::string& line : lines_of(read_prompt_text(path))) {
    if (line.starts_with("## "))
      groups.push_back({trimmed(line.substr(3)), {}});
    else if (line[0] != '#')
      groups.back().prompts.push_back(std::move(line));
  }
  if (groups[0].prompts.empty()) groups.erase(groups.begin());
  for (const PromptGroup& g : groups)
    if (g.prompts.empty())
      throw InputError("[prompts] {}: there is no prompt under the heading '{}'", display(path),
                       g.name);
  if (groups.empty()) throw InputError("[prompts] {} contains no prompt", display(path));
  return groups;
}

void add_prompts(std::vector<std::string>& texts, const std::string& file) {
  if (file.empty()) return;
  for (PromptLine& line : read_prompts(file)) texts.push_back(std::move(line.prompt));
}

}  // namespace lacuna
