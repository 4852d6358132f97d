// Reads and writes files: no device is needed.

#include "erase/edits/export.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/options/option.h"
#include "cli/verbs.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "jobs/draw/edits.h"
#include "jobs/erase/erase_output.h"
#include "jobs/interrupt.h"
#include "jobs/model_options.h"
#include "jobs/progress.h"
#include "models/files/model_part.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

struct ExportOptions {
  ModelOptions model;
  EditOptions edits;
  std::string lora, delta, folder, checkpoint;
  std::optional<FileDType> save_type;
  std::optional<int64_t> rank;
  bool force = false, json = false;
};

// What the files say about themselves: the one edit's own words, or those of all of them together.
TensorFile::Metadata metadata_of(std::span<const Edit> edits, const std::string& base_hash,
                                 const std::string& base_name) {
  std::set<std::string> methods;
  std::vector<std::string> concepts, files;
  for (const Edit& e : edits) {
    const auto say = [&](const std::string& key) {
      const auto found = e.metadata().find(key);
      return found == e.metadata().end() ? std::string() : found->second;
    };
    if (const std::string method = say(edit_key::method); !method.empty()) methods.insert(method);
    if (const std::string text = say(std::string(edit_key::options) + "concept"); !text.empty())
      concepts.push_back(text);
    files.push_back(fmt::format("{}:{:g}", display(e.path().filename()), e.strength()));
  }
  return edit_metadata(methods.empty() ? "export" : fmt::format("{}", fmt::join(methods, "+")),
                       base_hash, base_name,
                       {{"concept", fmt::format("{}", fmt::join(concepts, " | "))},
                        {"edits", fmt::format("{}", fmt::join(files, " | "))}});
}

// A whole model is no edit, so it names no model that it belongs to.
TensorFile::Metadata model_metadata(TensorFile::Metadata metadata) {
  metadata.erase(edit_key::base_hash);
  metadata.erase(edit_key::text_hash);
  metadata["format"] = "pt";  // transformers and diffusers ask for it
  return metadata;
}

void report_lora(const ExportOptions& o, const LoraReport& report, Progress& progress) {
  const auto kept = [](const LoraLoss& t) { return t.squares > 0 ? t.kept / t.squares : 1; };
  const LoraLoss& least = *std::ranges::min_element(report.tensors, {}, kept);
  progress.say(fmt::format(
      "{}  rank {}, {} modules: keeps {:.4f} % of |dW|^2, the least {:.4f} % in "
      "{}",
      o.lora, *o.rank, report.tensors.size(), 100 * report.kept(), 100 * kept(least), least.name));
  if (!report.left_out.empty())
    progress.say(
        fmt::format("{} vectors (biases, norms) have no LoRA and are left out; {} keeps them",
                    report.left_out.size(), option("delta")));
  nlohmann::json tensors = nlohmann::json::array();
  for (const LoraLoss& t : report.tensors)
    tensors.push_back({{"name", t.name}, {"rank", t.rank}, {"kept", kept(t)}});
  progress.event({{"event", "lora"},
                  {"file", o.lora},
                  {"kept", report.kept()},
                  {"left_out", report.left_out},
                  {"tensors", tensors}});
}

void check(const ExportOptions& o) {
  if (o.edits.files.empty())
    throw InputError("[export] name what to export with {} FILE, and its strength after a colon",
                     option("edit"));
  if (o.lora.empty() && o.delta.empty() && o.folder.empty() && o.checkpoint.empty())
    throw InputError("[export] say what to make: {}, {}, {} or {}", option("lora"), option("delta"),
                     option("folder"), option("checkpoint"));
  if (o.lora.empty() && o.rank)
    throw InputError("[export] {} belongs to {}; leave it out or name the {} FILE", option("rank"),
                     option("lora"), option("lora"));
  if (!o.lora.empty() && (!o.rank || *o.rank < 1 || *o.rank > 100'000))
    throw InputError("[export] {} wants a {} of 1 or more; 4 to 128 are usual{}", option("lora"),
                     option("rank"), o.rank ? fmt::format(", {} is none", *o.rank) : "");
  for (const std::string* file : {&o.lora, &o.delta, &o.checkpoint})
    if (!file->empty()) check_output("export", *file, o.force);
}

void export_edits(ExportOptions& o) {
  check(o);
  const FileDType type = o.save_type.value_or(FileDType::f16);
  const std::vector<Edit> edits = o.edits.open();
  const fs::path folder = o.model.model_path();
  const TensorFile unet = open_weights(folder, ModelPart::unet);
  const TensorFile text = open_weights(folder, ModelPart::text);
  const EditSum sums[] = {{ModelPart::unet, unet, edits, o.force},
                          {ModelPart::text, text, edits, o.force}};
  TensorFile::Metadata metadata = metadata_of(edits, fingerprint(unet), model_name(folder));
  if (!sums[1].names().empty()) metadata[edit_key::text_hash] = fingerprint(text);

  const size_t tensors = sums[0].names().size() + sums[1].names().size();
  Progress progress("exporting", static_cast<int64_t>(tensors), o.json);
  progress.say(fmt::format("{}: {} tensors", describe(edits), tensors));
  const auto tell = [&](const std::string& what) {
    return [&progress, what](size_t done, size_t total) {
      if (interrupted()) throw Interrupted{};
      progress.restart(what, static_cast<int64_t>(total));
      progress.update(static_cast<int64_t>(done), "");
    };
  };
  const auto made = [&](const std::string& file, const char* what) {
    progress.finish();
    progress.say(fmt::format("{}  {}", file, what));
    progress.event({{"event", "file"}, {"file", file}});
  };
  if (!o.lora.empty()) {
    const LoraReport report = export_lora(o.lora, sums, *o.rank, type, metadata, tell("LoRA"));
    progress.finish();
    report_lora(o, report, progress);
  }
  if (!o.delta.empty()) {
    export_delta(o.delta, sums, type, metadata, tell("delta"));
    made(o.delta, "the changed tensors");
  }
  if (!o.folder.empty()) {
    export_folder(o.folder, folder, sums, o.save_type, model_metadata(metadata), o.force,
                  tell("folder"));
    made(o.folder, "a diffusers folder");
  }
  if (!o.checkpoint.empty()) {
    export_checkpoint(o.checkpoint, folder, sums, type, model_metadata(metadata),
                      tell("checkpoint"));
    made(o.checkpoint, "a single file for A1111 and ComfyUI");
  }
}

class Export : public Verb {
 public:
  Export() : Verb("export", "Write edits for other programs: LoRA, file or model") {
    Fields& f = fields;
    f.group("What to export");
    o_.edits.describe(f);
    f["edit"].help(
        "Export this edit, at a strength of 1 or the number after a colon; several edits add up");
    f.pick(o_.model, {"model"});
    f["model"].help("Model that is edited: a diffusers folder or a single .safetensors file");
    f.group("What to write");
    f.add("lora", o_.lora, "FILE", "The best LoRA of rank --rank, under kohya's names");
    f.add("rank", o_.rank, "N", "Rank of the LoRA; a smaller matrix has a smaller rank");
    f.add("delta", o_.delta, "FILE", "All edits as one: the changed tensors");
    f.add("folder", o_.folder, "DIR", "The edited model as a diffusers folder");
    f.add("checkpoint", o_.checkpoint, "FILE",
          "The edited model in one file with CompVis' names, for A1111 and ComfyUI");
    f.group(group::output);
    f.add("save-type", o_.save_type, edit_types(), "How the file stores its numbers")
        .usually("f16; --folder: as in the model");
    f.add("force", o_.force, "Replace what exists; use an edit that was made for another model");
    f.add("json", o_.json, "Report events as JSON, one object a line");
  }
  void run() override { export_edits(o_); }

 private:
  ExportOptions o_;
};

}  // namespace

std::unique_ptr<Verb> export_verb() { return std::make_unique<Export>(); }

}  // namespace lacuna
