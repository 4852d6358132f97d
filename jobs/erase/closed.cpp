// Of the model only the text encoder runs; the matrices are read from the UNet's file. Lists that
// are found (auto_lists.h) need the UNet, too.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/text.h"
#include "erase/closed/concept_embeddings.h"
#include "erase/closed/cross_attention.h"
#include "erase/closed/rece.h"
#include "erase/closed/speed.h"
#include "erase/edits/edit.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/selection.h"
#include "jobs/erase/auto_lists.h"
#include "jobs/erase/erase_output.h"
#include "jobs/erase/verbs.h"
#include "jobs/interrupt.h"
#include "jobs/model_defaults.h"
#include "jobs/model_options.h"
#include "jobs/progress.h"
#include "jobs/prompts.h"
#include "models/files/model_part.h"

namespace lacuna {
namespace {

// UCE's phrasings of a concept.
std::vector<std::string> usual_phrasings(const std::string& kind) {
  if (kind == "art")
    return {"{}", "painting by {}", "art by {}", "artwork by {}", "picture by {}", "style of {}"};
  if (kind == "object")
    return {
        "{}", "image of {}", "photo of {}", "portrait of {}", "picture of {}", "painting of {}"};
  throw InputError("[erase] {} '{}' is unknown; choose art or object", option("expand-prompts"),
                   kind);
}

// Of many the first.
std::string quoted(const std::vector<std::string>& texts) { return first_of(texts, 5, "\""); }

class EraseClosed : public EraseVerb {
 public:
  using EraseVerb::EraseVerb;
  void run() override;

 protected:
  // The method's own options stand between these.
  void describe_texts();
  void describe_seed();
  void describe_output();
  virtual std::unique_ptr<ClosedForm> make() const = 0;
  // With lists that are found, from careful to thorough: the first strength that reaches the goal
  // moves the neighbours least. The user's own strength is the only one.
  virtual const char* strength() const = 0;  // the option
  virtual std::vector<double> strengths() const = 0;
  virtual void set_strength(double value) = 0;
  // What suits them and is not the published default.
  virtual void suit_found_lists() {}
  virtual uint64_t seed() const { return seed_; }

  ConceptOptions what_;
  std::string params_ = "kv";
  uint64_t seed_ = 0;

 private:
  void resolve();
  void run_with_lists();
  void run_with_found();
  void announce(Progress& progress, const std::string& method, size_t phrasings,
                const std::string& cost, const std::string& model_says) const;
  void write(const ClosedForm& method, std::span<const Trainables::Export> tensors,
             const TensorFile& unet, const std::filesystem::path& folder) const;

  AutoLists auto_;
  ModelOptions common_;
  std::string concepts_file_, prompts_file_, retain_file_, expand_, out_ = "edit.safetensors";
  FileDType save_type_ = FileDType::f16;
  OptionTexts about_;  // what else the edit says about itself
  bool force_ = false, json_ = false;
};

void EraseClosed::describe_texts() {
  Fields& f = fields;
  what_.describe(f);
  f.group(group::what);
  f.add("concepts-file", concepts_file_, "FILE", "Further concepts, one a line");
  f.add("prompts", prompts_file_, "FILE",
        "Phrasings of the concepts, one a line, used instead of them; {} stands for each concept");
  f.add("expand-prompts", expand_, "art|object",
        "Add usual phrasings: 'painting by' and others (art), or 'photo of' and others (object)")
      .one_of({"art", "object"});
  auto_.describe(f, "--prompts, --expand-prompts, --preserve or --retain");
  f.group(group::keep);
  f.add("retain", retain_file_, "FILE", "Texts that must stay, one a line").also("preserve-file");
  f.group(group::weights);
  f.add("params", params_, "k|v|kv", "Which cross-attention matrices change: keys, values or both");
}

void EraseClosed::describe_seed() {
  fields.group(group::what);
  fields.add("seed", seed_, "N", "Seed of the lists that are found");
}

void EraseClosed::describe_output() {
  Fields& f = fields;
  f.group(group::output);
  f.add("out", out_, "FILE", "The file of the edit");
  f.add("save-type", save_type_, edit_types(), "How the edit stores its numbers");
  f.add("force", force_, "Replace an edit that exists");
  f.add("json", json_, "Report events as JSON, one object a line");
  common_.describe(f);
}

void EraseClosed::resolve() {
  add_prompts(what_.concepts, concepts_file_);
  add_prompts(what_.prompts, prompts_file_);
  if (!expand_.empty())
    for (std::string& phrasing : usual_phrasings(expand_))
      what_.prompts.push_back(std::move(phrasing));
  add_prompts(what_.retained, retain_file_);
  // UCE's paper and RECE always preserve it: guidance leans on it at every step.
  if (what_.tokens == Tokens::all) what_.retained.push_back("");
}

void EraseClosed::run() {
  if (auto_.wanted(fields, {"prompts", "expand-prompts", "preserve", "retain"}, false))
    run_with_found();
  else
    run_with_lists();
}

void EraseClosed::announce(Progress& progress, const std::string& method, size_t phrasings,
                           const std::string& cost, const std::string& model_says) const {
  const std::string sentence = fmt::format(
      "{} for c in {} phrasings of {}, a in the same with {} instead, r in {} preserved texts; {}",
      method, phrasings, quoted(what_.concepts), quoted(what_.guides), what_.retained.size(), cost);
  if (!json_) {
    progress.say(sentence);
    if (!model_says.empty()) progress.say("the model's own defaults: " + model_says);
  }
  progress.event({{"event", "start"}, {"sentence", sentence}});
}

void EraseClosed::write(const ClosedForm& method, std::span<const Trainables::Export> tensors,
                        const TensorFile& unet, const std::filesystem::path& folder) const {
  std::map<std::string, std::string> options = method.options();
  options.merge(what_.texts());
  options["params"] = lower_ascii(params_);
  options.insert(about_.begin(), about_.end());
  write_edit(out_, tensors, save_type_,
             edit_metadata(method.name(), fingerprint(unet), model_name(folder), options));
}

void EraseClosed::run_with_lists() {
  const double begin = wall_seconds(), cpu_begin = cpu_seconds();
  const std::filesystem::path folder = common_.model_path(), out = out_;
  const std::string model_says =
      apply_model_defaults(fields, folder, "erase " + name(), lower_ascii(params_));
  resolve();
  const std::unique_ptr<ClosedForm> method = make();
  const std::vector<Phrasing> phrasings = phrasings_of(what_, method->name().c_str());
  check_edit_output(out, force_);
  const TensorFile unet = open_weights(folder, ModelPart::unet);
  const char* pattern = CrossAttention::pattern(params_);
  const size_t matrices = select(parameters_of(ModelPart::unet, unet), pattern).size();

  const std::unique_ptr<Device> device = common_.open_device();
  TextEncoder encoder(*device, folder, storage_type(parse_precision(common_.precision), *device));
  Progress progress("reading texts", static_cast<int64_t>(phrasings.size()), json_, observer);
  announce(progress, fmt::format("{}: {}", method->name(), method->formula()), phrasings.size(),
           fmt::format("{} matrices {} change; no training, no UNet evaluation", matrices, pattern),
           model_says);

  const ConceptStates states = concept_states(
      encoder, phrasings, what_.retained, what_.tokens, [&](size_t done, size_t total) {
        if (!goes_on(observer)) throw Interrupted{};
        progress.restart("reading texts", static_cast<int64_t>(total));
        progress.update(static_cast<int64_t>(done), "");
      });
  progress.finish();
  const double solving = wall_seconds();
  const CrossAttention attention = CrossAttention::read(unet, params_, encoder.width());
  method->prepare(states, attention.matrices);
  const std::vector<Trainables::Export> tensors = edited(*method, attention);
  const double solved = wall_seconds() - solving;

  write(*method, tensors, unet, folder);
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

void EraseClosed::run_with_found() {
  const double begin = wall_seconds(), cpu_begin = cpu_seconds();
  const std::filesystem::path folder = common_.model_path(), out = out_;
  suit_found_lists();
  // Every token behind a concept holds some of it.
  fields["tokens"].suppose(what_.tokens, Tokens::all);
  add_prompts(what_.concepts, concepts_file_);
  what_.check(name().c_str());
  CrossAttention::pattern(params_);
  make();
  check_edit_output(out, force_);
  const std::unique_ptr<Device> device = common_.open_device();
  StableDiffusion model(*device, folder, parse_precision(common_.precision));
  TextCache text(model.text_predictor());
  const auto [width, height] = size_or_default("", model);
  Progress progress("deciding", 1, json_, observer);
  auto_.find({.method = name().c_str(),
              .model = model,
              .text = text,
              .size = model.latent_size(width, height),
              .progress = progress,
              .folder = run_folder_of(out),
              .save_type = save_type_,
              .observer = observer},
             what_.concepts, what_.guides, seed());
  Findings& found = auto_.findings();
  what_.guides = auto_.anchors();
  what_.prompts = texts_of(auto_.learned());
  what_.retained = auto_.kept();
  if (what_.tokens == Tokens::all) what_.retained.push_back("");
  about_["seed"] = std::to_string(seed());

  const TensorFile& unet = model.unet_weights().file();
  const CrossAttention attention =
      CrossAttention::read(unet, params_, model.text_encoder().width());
  const ConceptStates states = concept_states(model.text_encoder(), auto_.learned(), what_.retained,
                                              what_.tokens, [&](size_t, size_t) {
                                                if (!goes_on(observer)) throw Interrupted{};
                                              });
  struct Best {
    std::unique_ptr<ClosedForm> method;
    std::vector<Trainables::Export> tensors;
    Progressed measured;
  };
  std::optional<Best> best;
  for (const double s : fields.given(strength()) ? std::vector<double>{0} : strengths()) {
    if (!fields.given(strength())) set_strength(s);
    Best now{make(), {}, {}};
    if (!best)
      announce(progress, fmt::format("{}: {}", now.method->name(), now.method->formula()),
               auto_.learned().size(),
               fmt::format("{} matrices {} change", attention.names.size(),
                           CrossAttention::pattern(params_)),
               "");
    now.method->prepare(states, attention.matrices);
    now.tensors = edited(*now.method, attention);
    now.measured = found.measured(now.tensors);
    progress.say(fmt::format("{} {}: {}", option(strength()), fields[strength()].text(),
                             found.goal().sentence(now.measured)));
    const bool good = found.goal().reached(now.measured);
    if (!best || found.goal().missing(now.measured) < found.goal().missing(best->measured))
      best = std::move(now);
    if (good) break;
  }
  write(*best->method, best->tensors, unet, folder);
  const double seconds = wall_seconds() - begin, cpu = cpu_seconds() - cpu_begin;
  const int64_t evaluations = model.predictor().evaluations() + found.evaluations();
  progress.say(fmt::format("{}  {} tensors", display(out), best->tensors.size()));
  progress.say(fmt::format("{:.1f} s ({:.1f} CPU s); {} UNet evaluations, to decide and to measure",
                           seconds, cpu, evaluations));
  progress.event({{"event", "done"},
                  {"edit", display(out)},
                  {"unet_evaluations", evaluations},
                  {"seconds", seconds},
                  {"cpu_seconds", cpu}});
  auto_.conclude(best->measured, fmt::format("another {}, or `lacuna erase {} ...`, which trains "
                                             "if a closed form is not enough",
                                             option("guide"), option("concept")));
}

class EraseUce : public EraseClosed {
 public:
  EraseUce() : EraseClosed("uce", "Unified Concept Editing: least squares in seconds") {
    describe_texts();
    uce_.describe(fields);
    describe_seed();
    describe_output();
  }

 private:
  std::unique_ptr<ClosedForm> make() const override { return std::make_unique<Uce>(uce_); }
  const char* strength() const override { return "erase-scale"; }
  std::vector<double> strengths() const override { return {1, 5, 25}; }
  void set_strength(double value) override { uce_.erase_scale = value; }
  UceOptions uce_;
};

class EraseRece : public EraseClosed {
 public:
  EraseRece()
      : EraseClosed("rece",
                    "UCE, and then also erase what would bring the concept back, in seconds") {
    what_.tokens = Tokens::all;
    describe_texts();
    rece_.describe(fields);
    describe_seed();
    describe_output();
  }

 private:
  std::unique_ptr<ClosedForm> make() const override { return std::make_unique<Rece>(rece_); }
  const char* strength() const override { return "erase-scale"; }
  std::vector<double> strengths() const override { return {1, 5, 25}; }
  void set_strength(double value) override { rece_.uce.erase_scale = value; }
  void suit_found_lists() override {
    fields["preserve-scale"].suppose(rece_.uce.preserve_scale, 1.0);
  }
  ReceOptions rece_;
};

class EraseSpeed : public EraseClosed {
 public:
  EraseSpeed()
      : EraseClosed("speed",
                    "Change the matrices only in directions that preserved texts do not use") {
    params_ = "v";
    describe_texts();
    speed_.describe(fields);
    describe_output();
  }

 private:
  std::unique_ptr<ClosedForm> make() const override { return std::make_unique<Speed>(speed_); }
  const char* strength() const override { return "retain-scale"; }
  std::vector<double> strengths() const override { return {0.1, 0.03, 0.01}; }
  void set_strength(double value) override { speed_.retain_scale = value; }
  uint64_t seed() const override { return speed_.seed; }
  void suit_found_lists() override {
    fields["params"].suppose(params_, std::string("kv"));
    // Many texts that stay use many directions a little.
    fields["threshold"].suppose(speed_.threshold, 3.0);
  }
  SpeedOptions speed_;
};

}  // namespace

std::unique_ptr<EraseVerb> uce_verb() { return std::make_unique<EraseUce>(); }
std::unique_ptr<EraseVerb> rece_verb() { return std::make_unique<EraseRece>(); }
std::unique_ptr<EraseVerb> speed_verb() { return std::make_unique<EraseSpeed>(); }

}  // namespace lacuna
