// Verdicts of the checker as JSON.
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "erase/checker/look.h"

namespace lacuna {

// What the picture shows, and which claims of its prompt hold.
nlohmann::json verdict_json(const checker::Verdict& verdict, std::string_view prompt);

}  // namespace lacuna
