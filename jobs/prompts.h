// Prompt files: one prompt a line (.txt), or a table with a header (.csv) whose columns may be
// prompt, negative or negative_prompt, and seed or evaluation_seed (as the benchmark files of the
// field have).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lacuna {

struct PromptLine {
  std::string prompt;
  std::optional<std::string> negative;
  std::optional<uint64_t> seed;
};

// Throws InputError naming file and line. Empty lines and, in .txt, lines that start with # are
// skipped.
std::vector<PromptLine> read_prompts(const std::filesystem::path& path);

// Only the prompts, behind what `texts` holds; nothing if no file is given.
void add_prompts(std::vector<std::string>& texts, const std::string& file);

// The text of a prompt file. Throws InputError if it is not UTF-8.
std::string read_prompt_text(const std::filesystem::path& path);

struct PromptGroup {
  std::string name;
  std::vector<std::string> prompts;
};

// The prompts under headings: lines that start with ## name the group of what follows them; what
// stands before the first heading, and all of a .csv, belongs to a group called `first`.
std::vector<PromptGroup> read_prompt_groups(const std::filesystem::path& path,
                                            const std::string& first);

// The fields of RFC 4180 text, row by row: quotes, doubled quotes and line breaks inside quotes.
// Throws InputError, in which `name` stands for the file, if a quote is not closed.
std::vector<std::vector<std::string>> parse_csv(std::string_view text, const std::string& name);

}  // namespace lacuna
