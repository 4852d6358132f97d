// Verdicts of the checker as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "judge/checker/look.h"
#include "judge/checker/request.h"

namespace lacuna {

// What the image shows, and which claims of what was asked hold.
nlohmann::json verdict_json(const checker::Verdict& verdict, const checker::Request& request);

}  // namespace lacuna
