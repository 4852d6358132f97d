#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "cli/verbs.h"
#include "erase/groups.h"
#include "jobs/prompts.h"
#include "jobs/table.h"
#include "judge/checker/half.h"
#include "judge/checker/rates.h"
#include "judge/verdict.h"
#include "pictures/image.h"

namespace fs = std::filesystem;

namespace lacuna {
namespace {

using nlohmann::json;
using namespace checker;

struct CheckOptions {
  std::string folder, prompts;
  std::optional<Half> half;
  bool as_json = false;
};

struct Judged {
  fs::path file;
  std::string prompt;
  Request request;
  Verdict verdict;
};

// All PNG files by name, without the grids that `lacuna sample` writes beside its pictures.
std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const bool grid = display(entry.path().filename()).starts_with("grid-");
    if (entry.path().extension() == ".png" && !grid) files.push_back(entry.path());
  }
  if (error)
    throw InputError("[check] cannot read the folder {}: {}", display(folder), error.message());
  if (files.empty()) throw InputError("[check] {} holds no PNG pictures", display(folder));
  std::sort(files.begin(), files.end());
  return files;
}

// The prompt in a picture's `parameters` text, which ends where the negative prompt or the settings
// begin.
std::string prompt_in(const TextChunks& texts) {
  for (const auto& [key, text] : texts) {
    if (key != "parameters") continue;
    std::string prompt =
        text.substr(0, std::min(text.find("\nNegative prompt:"), text.find("\nSteps:")));
    std::replace(prompt.begin(), prompt.end(), '\n', ' ');
    return prompt;
  }
  return "";
}

// The prompt of every picture from a file: line by line, an equal number of pictures for each.
std::vector<std::string> prompts_for(const std::vector<fs::path>& files, const fs::path& list) {
  const std::vector<PromptLine> lines = read_prompts(list);
  if (lines.empty() || files.size() % lines.size() != 0) {
    throw InputError("[check] {} pictures do not divide among the {} prompts of {}", files.size(),
                     lines.size(), display(list));
  }
  std::vector<std::string> prompts;
  for (size_t i = 0; i < files.size(); i++)
    prompts.push_back(lines[i / (files.size() / lines.size())].prompt);
  return prompts;
}

std::vector<Judged> judge_all(const CheckOptions& o, int& skipped) {
  const std::vector<fs::path> files = pictures_in(o.folder);
  std::vector<std::string> prompts;
  if (!o.prompts.empty()) prompts = prompts_for(files, o.prompts);
  std::vector<Judged> judged;
  for (size_t i = 0; i < files.size(); i++) {
    const MappedFile file = MappedFile::open(files[i]);
    const std::string name = display(files[i]);
    const std::string prompt =
        prompts.empty() ? prompt_in(png_texts(file.bytes(), name)) : prompts[i];
    Request request = parse_prompt(prompt);
    if (o.half) request = half_of(request, *o.half);
    if (!request.anything()) {
      skipped++;
      continue;
    }
    Verdict verdict = look(decode_image(file.bytes(), name), name);
    if (o.half) verdict = half_of(verdict, *o.half);
    judged.push_back({files[i], prompt, std::move(request), std::move(verdict)});
  }
  if (judged.empty() && o.half)
    throw InputError(
        "[check] no picture in {} has a prompt that says what is on the left, such as \"a red "
        "circle "
        "left of a blue square\", which {} needs",
        o.folder, option("half"));
  if (judged.empty()) {
    throw InputError(
        "[check] no picture in {} has a prompt of pico's language; give the prompts with {} FILE",
        o.folder, option("prompts"));
  }
  return judged;
}

json as_json(const Rates& rates) {
  json object = {{"pictures", rates.pictures}};
  for (size_t i = 0; i < claim_names.size(); i++) {
    const Rate& rate = rates.rates[i];
    if (rate.asked)
      object[claim_names[i]] = {
          {"right", rate.right}, {"asked", rate.asked}, {"rate", rate.share()}};
  }
  return object;
}

json as_json(const Judged& judged) {
  json object = verdict_json(judged.verdict, judged.request);
  object["file"] = display(judged.file);
  object["prompt"] = judged.prompt;
  return object;
}

void print_table(const std::vector<std::pair<std::string, Rates>>& rows) {
  std::vector<size_t> asked;  // the claims that some prompt makes
  std::string head = fmt::format("{:>5}", "n");
  for (size_t i = 0; i < claim_names.size(); i++) {
    if (rows.back().second.rates[i].asked == 0) continue;
    asked.push_back(i);
    head += fmt::format(" {:>5}", claim_names[i]);
  }
  const size_t width = 80 - head.size();
  fmt::print("{}{}\n", cell("prompt", width), head);
  for (const auto& [prompt, rates] : rows) {
    fmt::print("{}{:>5}", cell(prompt, width), rates.pictures);
    for (const size_t i : asked) {
      const Rate& rate = rates.rates[i];
      const std::string share = rate.asked ? fmt::format("{:.4g}", 100 * rate.share()) : "-";
      fmt::print(" {:>{}}", share, std::max<size_t>(5, claim_names[i].size()));
    }
    fmt::print("\n");
  }
}

void check(const CheckOptions& o) {
  int skipped = 0;
  const std::vector<Judged> judged = judge_all(o, skipped);
  std::map<std::string, Rates> by_prompt;
  std::vector<std::pair<std::string, Rates>> rows;
  Rates all;
  for (const Judged& one : judged) {
    if (by_prompt.find(one.prompt) == by_prompt.end()) rows.emplace_back(one.prompt, Rates{});
    by_prompt[one.prompt].add(one.request, one.verdict);
    all.add(one.request, one.verdict);
  }
  for (auto& [prompt, rates] : rows) rates = by_prompt[prompt];
  if (o.as_json) {
    json report = {{"all", as_json(all)},
                   {"skipped", skipped},
                   {"prompts", json::array()},
                   {"pictures", json::array()}};
    for (const auto& [prompt, rates] : rows) {
      report["prompts"].push_back(as_json(rates));
      report["prompts"].back()["prompt"] = prompt;
    }
    for (const Judged& one : judged) report["pictures"].push_back(as_json(one));
    fmt::print("{}\n", report.dump(2, ' ', false, json::error_handler_t::replace));
    return;
  }
  rows.emplace_back("all (in %)", all);
  print_table(rows);
  if (skipped)
    fmt::print("left out for want of {}: {}\n",
               o.half ? "a prompt that says what is on the left" : "a prompt of pico's language",
               skipped);
}

class Check : public Verb {
 public:
  Check()
      : Verb("check",
             "Judge pictures of pico's language: how many show what their prompts ask for") {
    Fields& f = fields;
    f.group("What to judge");
    f.add("folder", o_.folder, "DIR", "Where the PNG pictures are").positional().required();
    f.add("prompts", o_.prompts, "FILE", "Prompts from a file, in the order of the pictures")
        .usually("those in the pictures");
    f.add("half", o_.half, halves,
          "Judge only that half of pictures whose prompts say \"A left of B\"");
    f.group(group::output);
    f.add("json", o_.as_json, "Report everything as JSON, with the verdict on every picture");
    notes_ =
        "What the table counts:\n"
        "  colour    the thing has the colour that is named, or its own (an apple is red)\n"
        "  shape     the thing is there\n"
        "  instance  a cat is grumpy if and only if the prompt says so\n"
        "  style     it is drawn as the named artist draws\n"
        "  memory    the lighthouse appears when it is asked for\n"
        "  both      two things: exactly two are there, in the right colours\n"
        "  bound     two things: and each in its own colour\n"
        "  left      two things: the first is left of the second";
  }
  void run() override { check(o_); }

 private:
  static constexpr Word halves[] = {{"left", Half::left}, {"right", Half::right}};
  CheckOptions o_;
};

}  // namespace

std::unique_ptr<Verb> check_verb() { return std::make_unique<Check>(); }

}  // namespace lacuna
