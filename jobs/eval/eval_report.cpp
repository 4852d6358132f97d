#include "jobs/eval/eval_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "jobs/table.h"

namespace lacuna {
namespace {

using checker::Rate;
using nlohmann::json;

std::string claim_of(const EvaluationRow& row) {
  return row.claim ? std::string(name_of(*row.claim)) : "shown";
}

std::string counted(const Rate& rate) {
  return fmt::format("{:>6} {:>5.1f} %", rate.right, 100 * rate.share());
}

std::string line(const std::string& group, const std::string& claim, const EvaluationRow& row) {
  const auto kept = row.claim || group == "all neighbours" ? row.kept() : std::nullopt;
  return fmt::format("{} {} {:>6}{}{}{:>10}", cell(group, 26), cell(claim, 9), row.before.asked,
                     counted(row.before), counted(row.after),
                     kept ? fmt::format("{:.1f} %", 100 * *kept) : "-");
}

json rate_json(const Rate& rate) {
  const Interval interval = wilson(rate);
  return {{"right", rate.right},
          {"asked", rate.asked},
          {"share", rate.share()},
          {"low", interval.low},
          {"high", interval.high}};
}

json row_json(const EvaluationRow& row) {
  json object = {{"before", rate_json(row.before)}, {"after", rate_json(row.after)}};
  if (const auto kept = row.kept()) object["kept"] = *kept;
  return object;
}

}  // namespace

std::vector<std::string> table_lines(const Evaluation& evaluation,
                                     const std::vector<EvalPrompt>& prompts) {
  std::vector<std::string> lines;
  if (!evaluation.rows().empty())
    lines.push_back(fmt::format("{} {} {:>6}{:>14}{:>14}{:>10}", cell("prompts", 26),
                                cell("claim", 9), "n", "before", "after", "kept"));
  std::string last;
  for (const EvaluationRow& row : evaluation.rows()) {
    const std::string group = row.group + (row.of_targets ? " (target)" : "");
    lines.push_back(line(group == last ? "" : group, claim_of(row), row));
    last = group;
  }
  if (const EvaluationRow all = evaluation.neighbours(); all.before.asked > 0)
    lines.push_back(line("all neighbours", "", all));
  const auto left_out =
      std::ranges::count_if(prompts, [](const EvalPrompt& p) { return !p.judged; });
  if (left_out > 0)
    lines.push_back(fmt::format(
        "not judged, for their pictures or words are not of pico's picture language: {} of {} "
        "prompts",
        left_out, prompts.size()));
  const auto& target = evaluation.target();
  const auto about_target = std::ranges::count_if(prompts, [&](const EvalPrompt& p) {
    const checker::Request request = checker::parse_prompt(p.prompt);
    if (p.of_targets || !p.judged || !target) return false;
    return std::ranges::any_of(judge(request, {}), [&](const auto& claim) {
      return target->concerns(request, claim.first);
    });
  });
  if (about_target > 0)
    lines.push_back(
        fmt::format("{} neighbour prompts ask for {}; whether they get it is left out of the table",
                    about_target, target->name()));
  return lines;
}

json table_json(const Evaluation& evaluation) {
  json object = {{"rows", json::array()}, {"sentence", evaluation.sentence()}};
  if (evaluation.target()) object["target"] = evaluation.target()->name();
  for (const EvaluationRow& row : evaluation.rows()) {
    object["rows"].push_back(row_json(row));
    object["rows"].back()["group"] = row.group;
    object["rows"].back()["of_targets"] = row.of_targets;
    object["rows"].back()["claim"] = claim_of(row);
  }
  const std::pair<const char*, EvaluationRow> totals[] = {{"shown", evaluation.shown()},
                                                          {"rest_of_targets", evaluation.rest()},
                                                          {"neighbours", evaluation.neighbours()}};
  for (const auto& [name, row] : totals)
    if (row.before.asked > 0) object[name] = row_json(row);
  return object;
}

}  // namespace lacuna
