#include "jobs/erase/auto_options.h"

#include "base/error.h"
#include "base/options/fields.h"
#include "base/text.h"
#include "erase/groups.h"
#include "jobs/erase/erase_output.h"

namespace lacuna {
namespace {

constexpr const char* no_anchor = "none";
// UNet evaluations that deciding, trying four anchors, the closed forms and asking in other ways
// take for a concept, at most.
constexpr int64_t least_budget = 700, least_with_anchor = 500;

}  // namespace

void AutoOptions::describe(Fields& f) {
  f.group(group::what);
  f.add("concept", concepts, "TEXT", "What to erase; may be given several times").identity();
  f.add("kind", kind, words(ConceptKind{}),
        "What it is in an image: an attribute such as a colour, an object, a style (also an artist "
        "or a person), or the caption of one image")
      .usually("guessed")
      .identity();
  f.add("anchor", anchors, "TEXT",
        "What takes its place, once for all concepts or once for each; none: nothing does")
      .usually("chosen by measurement")
      .identity();
  f.group(group::keep);
  f.add("retain", retain_file, "FILE", "Further texts that must stay as they are, one a line");
  f.add("show-neighbours", show_neighbours,
        "Print the phrasings and neighbours that are found, and stop");
  f.group(group::strength);
  f.add("until", until, "X",
        "It is gone when this share of its pull on the prediction is left, measured on phrasings "
        "that nothing was learned from")
      .range(0, 1, "0.05 is usual")
      .identity();
  f.add("drift", drift, "X", "The share of what neighbours say that may change")
      .range(0, 1, "0.05 is usual")
      .identity();
  f.add("budget", budget, "N",
        "UNet evaluations that all of it may take, without the verdict's images")
      .range(1, 1e9, "1000 to 10000 are usual")
      .identity();
  f.add("images", images, "N", "Images that are drawn before and after for the verdict")
      .range(0, 1000, "8 are usual, 0 draws none, in other ways neither");
  f.add("other-ways", other_ways, "N",
        "Images of each other way of asking that the verdict looks at: reworded, misspelled, in a "
        "long prompt, with another sampler and so on")
      .range(0, 1000, "1 is usual, 0 draws none");
  f.add("seed", seed, "N", "Seed of everything random").identity();
  f.group(group::output);
  f.add("out", out, "FILE", "The file of the edit");
  f.add("save-type", save_type, edit_types(), "How the edit stores its numbers");
  f.add("run", run, "DIR", "Folder of the decisions, the log and the state").usually("OUT.run");
  f.add("resume", resume, "Resume the run in the folder");
  f.add("force", force, "Replace an edit and a run that exist");
  f.add("plan-only", plan_only, "Print what it would cost, and stop");
  f.add("json", json, "Report events as JSON, one object a line");
  f.group(group::model);
  f.add("size", size, "WxH", "Size of the images in pixels")
      .usually("what the model was trained for");
  common.describe(f);
}

void AutoOptions::check() const {
  if (concepts.empty())
    throw InputError(
        "[erase] there is nothing to erase; name it with {} \"red\", or choose a method: `lacuna "
        "erase --help` lists them",
        option("concept"));
  fields_of(*this, "erase").check();
  if (anchors.size() > 1 && anchors.size() != concepts.size())
    throw InputError(
        "[erase] {} anchors do not go with {} concepts; give one for all or one for "
        "each",
        anchors.size(), concepts.size());
  const auto least =
      (anchors.empty() ? least_budget : least_with_anchor) * static_cast<int64_t>(concepts.size());
  if (budget < least)
    throw InputError(
        "[erase] {} {} is too little to decide, to compute and to measure; give at least {}",
        option("budget"), budget, least);
  for (size_t i = 0; i < concepts.size(); i++)
    for (size_t j = 0; j < i; j++)
      if (lower_ascii(trimmed(concepts[i])) == lower_ascii(trimmed(concepts[j])))
        throw InputError("[erase] \"{}\" is named twice; name it once", concepts[i]);
}

std::optional<std::string> AutoOptions::anchor_of(size_t concept_index) const {
  if (anchors.empty()) return {};
  const std::string& a = anchors[anchors.size() == 1 ? 0 : concept_index];
  return a == no_anchor ? "" : a;
}

std::filesystem::path AutoOptions::run_folder() const {
  return run.empty() ? run_folder_of(out) : std::filesystem::path(run);
}

OptionTexts AutoOptions::texts() const { return fields_of(*this).identity(); }

}  // namespace lacuna
