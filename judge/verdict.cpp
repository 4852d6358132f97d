#include "judge/verdict.h"

#include "judge/checker/rates.h"

namespace lacuna {

using nlohmann::json;
using namespace checker;

json verdict_json(const Verdict& verdict, const Request& request) {
  json parts = json::array(), claims = json::object();
  for (const Part& p : verdict.parts)
    parts.push_back({{"thing", name_of(p.thing)},
                     {"colour", name_of(p.colour)},
                     {"x", p.x},
                     {"y", p.y},
                     {"overlap", p.overlap}});
  for (const auto& [claim, holds] : judge(request, verdict)) claims[name_of(claim)] = holds;
  json object = {{"kind", name_of(verdict.kind)},
                 {"style", name_of(verdict.style)},
                 {"correlation", verdict.correlation},
                 {"parts", parts},
                 {"claims", claims}};
  if (verdict.kind == Kind::flat) object["field"] = name_of(verdict.field);
  return object;
}

}  // namespace lacuna
