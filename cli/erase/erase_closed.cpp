// Of the model only the text encoder runs; the matrices are read from the UNet's file.
#include "cli/erase/erase_closed.h"

#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/common.h"
#include "cli/model_defaults.h"
#include "cli/options.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/closed/rece.h"
#include "erase/closed/speed.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/selection.h"
#include "jobs/erase/erase_output.h"
#include "jobs/interrupt.h"
#include "jobs/observer.h"
#include "jobs/progress.h"
#include "jobs/prompts.h"
#include "models/files/model_part.h"

namespace lacuna {
namespace {

struct ClosedOptions {
  ModelOptions common;
  ConceptOptions what;
  UceOptions uce;
  ReceOptions rece;
  SpeedOptions speed;
  std::string concepts_file, prompts_file, retain_file, expand, tokens = "last", params = "kv";
  std::string out = "edit.safetensors", precision_out = "f16";
  bool force = false, json = false;
  RunObserver* observer = nullptr;
};

using Make = std::function<std::unique_ptr<ClosedForm>(const ClosedOptions&)>;

// UCE's phrasings of a concept.
std::vector<std::string> usual_phrasings(const std::string& kind) {
  if (kind == "art")
    return {"{}", "painting by {}", "art by {}", "artwork by {}", "picture by {}", "style of {}"};
  if (kind == "object")
    return {
        "{}", "image of {}", "photo of {}", "portrait of {}", "picture of {}", "painting of {}"};
  throw InputError("[erase] --expand-prompts '{}' is unknown; choose art or object", kind);
}

// The pattern of the matrices (selection.h).
const char* matrices_of(const std::string& params) {
  const std::string which = lower_ascii(params);
  if (which == "k") return "*.attn2.to_k.weight";
  if (which == "v") return "*.attn2.to_v.weight";
  if (which == "kv") return "*.attn2.to_[kv].weight";
  throw InputError("[erase] --params '{}' is unknown; choose k, v or kv", params);
}

void add_texts(std::vector<std::string>& texts, const std::string& file) {
  if (file.empty()) return;
  for (PromptLine& line : read_prompts(file)) texts.push_back(std::move(line.prompt));
}

void resolve(ClosedOptions& o) {
  o.what.tokens = parse_tokens(o.tokens);
  add_texts(o.what.concepts, o.concepts_file);
  add_texts(o.what.prompts, o.prompts_file);
  if (!o.expand.empty())
    for (std::string& phrasing : usual_phrasings(o.expand))
      o.what.prompts.push_back(std::move(phrasing));
  add_texts(o.what.retained, o.retain_file);
  // UCE's paper and RECE always preserve it: guidance leans on it at every step.
  if (o.what.tokens == Tokens::all) o.what.retained.push_back("");
}

std::vector<Matrix> read_matrices(const TensorFile& unet, const std::vector<std::string>& names,
                                  int64_t width) {
  std::vector<Matrix> matrices;
  for (const std::string& name : names) {
    const TensorFile::Entry& entry = unet.at(name);
    if (entry.shape.size() != 2 || entry.shape[1] != width)
      throw InputError(
          "[erase] '{}' reads {} numbers and the text encoder gives {}; the model's "
          "parts do not belong together",
          name, entry.shape.empty() ? 0 : entry.shape.back(), width);
    std::vector<float> values(entry.count());
    unet.to_float(entry, values);
    // Checkpoints store rows.
    using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    matrices.push_back(Eigen::Map<const Rows>(values.data(), entry.shape[0], width).cast<double>());
    if (!matrices.back().allFinite())
      throw InputError("[erase] {}: '{}' holds a number that is not finite; get the model again",
                       display(unet.path()), name);
  }
  return matrices;
}

std::vector<Trainables::Export> edited(const ClosedForm& method,
                                       const std::vector<std::string>& names,
                                       const std::vector<Matrix>& matrices) {
  std::vector<Trainables::Export> tensors(names.size());
  in_parallel(names.size(), [&](size_t i) {
    const Matrix rows = method.edited(matrices[i]).transpose();
    if (!rows.allFinite())
      throw InputError("[{}] the new '{}' holds numbers that are not finite; use a larger --lambda",
                       method.name(), names[i]);
    tensors[i] = {names[i], {rows.cols(), rows.rows()}, {}};
    for (const double value : rows.reshaped())
      tensors[i].values.push_back(static_cast<float>(value));
  });
  return tensors;
}

// "\"red\", \"blue\"", of many the first.
std::string quoted(const std::vector<std::string>& texts) {
  constexpr size_t most = 5;
  const std::span<const std::string> shown(texts.data(), std::min(most, texts.size()));
  std::string list = fmt::format("\"{}\"", fmt::join(shown, "\", \""));
  return texts.size() <= most ? list : fmt::format("{} and {} more", list, texts.size() - most);
}

void erase_closed(ClosedOptions& o, CLI::App& command, const Make& make) {
  const double begin = wall_seconds(), cpu_begin = cpu_seconds();
  const std::filesystem::path folder = o.common.model_path(), out = o.out;
  const std::string verb = "erase " + command.get_name();
  const std::string model_says = apply_model_defaults(command, folder, verb, lower_ascii(o.params));
  resolve(o);
  const std::unique_ptr<ClosedForm> method = make(o);
  const std::vector<Phrasing> phrasings = phrasings_of(o.what, method->name().c_str());
  check_edit_output(out, o.force);
  const FileDType type = parse_edit_type(o.precision_out);
  const TensorFile unet = open_weights(folder, ModelPart::unet);
  const std::vector<std::string> names =
      select(parameters_of(ModelPart::unet, unet), matrices_of(o.params));

  const std::unique_ptr<Device> device = o.common.open_device();
  TextEncoder encoder(*device, folder, storage_type(parse_precision(o.common.precision), *device));
  const std::string sentence = fmt::format(
      "{}: {} for c in {} phrasings of {}, a in the same with {} instead, r in {} preserved texts; "
      "{} matrices {} change; no training, no UNet evaluation",
      method->name(), method->formula(), phrasings.size(), quoted(o.what.concepts),
      quoted(o.what.guides), o.what.retained.size(), names.size(), matrices_of(o.params));
  Progress progress("reading texts", static_cast<int64_t>(phrasings.size()), o.json, o.observer);
  if (!o.json) {
    progress.say(sentence);
    if (!model_says.empty()) progress.say("the model's own defaults: " + model_says);
  }
  progress.event({{"event", "start"}, {"sentence", sentence}});

  const ConceptStates states = concept_states(
      encoder, phrasings, o.what.retained, o.what.tokens, [&](size_t done, size_t total) {
        if (interrupted() || (o.observer && !o.observer->go_on())) throw Interrupted{};
        progress.restart("reading texts", static_cast<int64_t>(total));
        progress.update(static_cast<int64_t>(done), "");
      });
  progress.finish();
  const double solving = wall_seconds();
  const std::vector<Matrix> matrices = read_matrices(unet, names, encoder.width());
  method->prepare(states, matrices);
  const std::vector<Trainables::Export> tensors = edited(*method, names, matrices);
  const double solved = wall_seconds() - solving;

  std::map<std::string, std::string> options = method->options();
  options.merge(o.what.texts());
  options["params"] = lower_ascii(o.params);
  write_edit(out, tensors, type,
             edit_metadata(method->name(), fingerprint(unet), model_name(folder), options));
  const double seconds = wall_seconds() - begin, cpu = cpu_seconds() - cpu_begin;
  progress.say(fmt::format("{}  {} tensors", display(out), tensors.size()));
  progress.say(
      fmt::format("{:.1f} s ({:.1f} CPU s), {:.1f} s of them linear algebra; 0 UNet "
                  "evaluations",
                  seconds, cpu, solved));
  progress.event({{"event", "done"},
                  {"edit", display(out)},
                  {"unet_evaluations", 0},
                  {"seconds", seconds},
                  {"solve_seconds", solved},
                  {"cpu_seconds", cpu}});
}

template <typename T>
CLI::Option* shown(CLI::App& c, const char* name, T& value, const char* help, const char* type) {
  return option(c, name, value, help, type)->capture_default_str();
}

CLI::App* add_method(CLI::App& erase, const char* name, const char* about,
                     const std::shared_ptr<ClosedOptions>& o, Make make) {
  CLI::App* c = erase.add_subcommand(name, about);
  texts_option(*c, "--concept", o->what.concepts, "What to erase; may be given several times");
  shown(*c, "--concepts-file", o->concepts_file, "Further concepts, one a line", "FILE");
  texts_option(
      *c, "--guide,--anchor", o->what.guides,
      "What stands in its place, once for all concepts or once for each (default: nothing)");
  shown(*c, "--prompts", o->prompts_file,
        "Phrasings of the concepts, one a line, used instead of them; {} stands for each concept",
        "FILE");
  shown(*c, "--expand-prompts", o->expand,
        "Usual phrasings: 'painting by' and others, or 'photo of' and others", "art|object");
  texts_option(*c, "--preserve", o->what.retained,
               "A text that must stay; may be given several times");
  shown(*c, "--retain,--preserve-file", o->retain_file, "Texts that must stay, one a line", "FILE");
  shown(*c, "--tokens", o->tokens,
        "Which states count: of a text's last token alone, or of a concept's last token and all "
        "that follow and of all tokens that must stay",
        "last|all");
  shown(*c, "--params", o->params, "Which cross-attention matrices change: keys, values or both",
        "k|v|kv");
  c->callback([o, c, make = std::move(make)] { erase_closed(*o, *c, make); });
  return c;
}

void add_uce_scales(CLI::App& c, UceOptions& o) {
  shown(c, "--erase-scale", o.erase_scale, "Weight of the concepts", "X");
  shown(c, "--preserve-scale", o.preserve_scale, "Weight of the texts that must stay", "X");
  shown(c, "--lambda", o.lambda, "Weight of staying near the original matrices", "X");
}

void add_output(CLI::App& c, ClosedOptions& o) {
  shown(c, "--out", o.out, "The edit", "FILE");
  shown(c, "--save-type", o.precision_out, "Numbers in the edit", "f16|f32");
  c.add_flag("--force", o.force, "Replace an edit that exists");
  c.add_flag("--json", o.json, "Report events as JSON, one object a line");
  o.common.add_to(c);
}

void add_uce(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<ClosedOptions>();
  o->observer = observer;
  CLI::App* c = add_method(erase, "uce", "Unified Concept Editing: least squares in seconds", o,
                           [](const ClosedOptions& all) { return std::make_unique<Uce>(all.uce); });
  add_uce_scales(*c, o->uce);
  add_output(*c, *o);
}

void add_rece(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<ClosedOptions>();
  o->observer = observer;
  o->tokens = "all";
  CLI::App* c =
      add_method(erase, "rece", "UCE, then also what would bring the concept back, in seconds", o,
                 [](const ClosedOptions& all) { return std::make_unique<Rece>(all.rece); });
  add_uce_scales(*c, o->rece.uce);
  shown(*c, "--revive-lambda", o->rece.revive_lambda,
        "How near to nothing the states stay that bring it back", "X");
  shown(*c, "--epochs", o->rece.epochs, "How often they are searched and erased", "N");
  add_output(*c, *o);
}

void add_speed(CLI::App& erase, RunObserver* observer) {
  auto o = std::make_shared<ClosedOptions>();
  o->observer = observer;
  o->params = "v";
  CLI::App* c =
      add_method(erase, "speed", "Move the matrices only where preserved texts do not look", o,
                 [](const ClosedOptions& all) { return std::make_unique<Speed>(all.speed); });
  shown(*c, "--threshold", o->speed.threshold,
        "What preserved texts use less than this may change (an eigenvalue)", "X");
  shown(*c, "--retain-scale", o->speed.retain_scale, "Larger: a smaller change", "X");
  shown(*c, "--lambda", o->speed.lambda, "Larger: the empty text's states may move", "X");
  shown(*c, "--copies", o->speed.copies, "Noisy copies of each preserved state", "N");
  c->add_flag_callback(
      "--no-filter", [o] { o->speed.filter = false; },
      "Use every preserved state, not those alone that the change would move");
  seed_option(*c, o->speed.seed, "Seed of the noise");
  add_output(*c, *o);
}

}  // namespace

void add_erase_closed(CLI::App& erase, RunObserver* observer) {
  add_uce(erase, observer);
  add_rece(erase, observer);
  add_speed(erase, observer);
}

}  // namespace lacuna
