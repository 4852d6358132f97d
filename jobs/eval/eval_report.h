// The outcome of an evaluation as a table and as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "jobs/eval/eval_job.h"

namespace lacuna {

// The lines of the table, within 80 columns, with notes on what could not be judged.
std::vector<std::string> table_lines(const Evaluation& evaluation,
                                     const std::vector<EvalPrompt>& prompts);

// The rows with their 95 % intervals, totals and the sentence.
nlohmann::json table_json(const Evaluation& evaluation);

}  // namespace lacuna
