#include "jobs/erase/verbs.h"

#include "base/error.h"

namespace lacuna {

std::vector<std::unique_ptr<EraseVerb>> erase_verbs() {
  std::vector<std::unique_ptr<EraseVerb>> verbs;
  for (const auto make :
       {esd_verb, ablate_verb, clip_verb, inpaint_verb, uce_verb, rece_verb, speed_verb})
    verbs.push_back(make());
  return verbs;
}

std::unique_ptr<EraseVerb> erase_verb(const std::string& name) {
  if (name == automatic_method) return auto_verb();
  for (auto& verb : erase_verbs())
    if (verb->name() == name) return std::move(verb);
  throw InputError("[erase] '{}' is no method of erasing", name);
}

}  // namespace lacuna
