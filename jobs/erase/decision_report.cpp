#include "jobs/erase/decision_report.h"

#include <nlohmann/json.hpp>

#include "base/file.h"
#include "erase/phrasing.h"

namespace lacuna {
namespace {

std::string listed(const std::vector<std::string>& words) { return first_of(words, 12); }

}  // namespace

void say(Progress& progress, const Decisions& d) {
  const auto words = [](const auto& all) {
    std::vector<std::string> list;
    for (const Neighbour& n : all) list.push_back(n.words);
    return list;
  };
  progress.say(
      fmt::format("\"{}\" is taken for {} {}: {}", d.words,
                  d.kind == ConceptKind::attribute || d.kind == ConceptKind::object ? "an" : "a",
                  word_of(d.kind), d.kind_reason));
  if (!d.synonyms.empty())
    progress.say(
        fmt::format("  erased with it, as the model draws the same: {}", listed(d.synonyms)));
  progress.say(fmt::format("  neighbours that stay: {}",
                           d.neighbours.empty() ? "none found" : listed(words(d.neighbours))));
  const ConceptAnchor& anchor = d.anchor();
  progress.say(anchor.words.empty()
                   ? fmt::format("  nothing takes its place: {}", anchor.reason)
                   : fmt::format("  \"{}\" takes its place: {}", anchor.words, anchor.reason));
  if (!d.implied.empty())
    progress.say(
        fmt::format("  it is {0} if nothing else is said, so \"{0} {1}\" takes its place "
                    "there",
                    d.implied, anchor.words));
  progress.say(
      fmt::format("  {} phrasings to learn from, {} texts that stay, {} and {} to measure "
                  "with",
                  d.anchor().learned.size(), d.kept.size(), d.anchor().measured.size(),
                  d.kept_measured.size()));
  progress.event({{"event", "decision"},
                  {"concept", d.words},
                  {"kind", word_of(d.kind)},
                  {"anchor", d.anchor().words},
                  {"implied", d.implied},
                  {"neighbours", words(d.neighbours)},
                  {"learned", d.anchor().learned.size()},
                  {"kept", d.kept.size()}});
}

void say_sentences(Progress& progress, const Decisions& d) {
  for (const Phrasing& p : d.anchor().learned)
    progress.say(fmt::format("    learn    {} -> {}", p.text(), p.anchor()));
  for (const Phrasing& p : d.anchor().measured)
    progress.say(fmt::format("    measure  {} -> {}", p.text(), p.anchor()));
  for (const std::string& k : d.kept) progress.say("    keep     " + k);
  for (const std::string& k : d.kept_measured) progress.say("    measure  " + k);
}

void write_decisions(const std::filesystem::path& file, const std::vector<Decisions>& decisions) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const Decisions& d : decisions) {
    nlohmann::ordered_json j = {{"concept", d.words},         {"kind", word_of(d.kind)},
                                {"anchor", d.anchor().words}, {"implied", d.implied},
                                {"strength", d.strength},     {"steady", d.steady}};
    for (const Neighbour& n : d.neighbours)
      j["neighbours"].push_back({{"words", n.words},
                                 {"near", n.near},
                                 {"distance", n.distance},
                                 {"strength", n.strength},
                                 {"steady", n.steady},
                                 {"keeps", n.keeps}});
    for (const Phrasing& p : d.anchor().learned) j["learned"].push_back({p.text(), p.anchor()});
    for (const Phrasing& p : d.anchor().measured) j["measured"].push_back({p.text(), p.anchor()});
    j["kept"] = d.kept;
    j["kept_measured"] = d.kept_measured;
    all.push_back(std::move(j));
  }
  write_file(file, all.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
             Overwrite::yes);
}

}  // namespace lacuna
