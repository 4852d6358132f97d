#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "cli/verbs.h"
#include "erase/edits/layer_numbers.h"
#include "erase/groups.h"
#include "erase/selection.h"
#include "jobs/erase/picture_options.h"
#include "jobs/erase/training_run.h"
#include "jobs/eval/concept_measure.h"
#include "jobs/interrupt.h"
#include "jobs/model_defaults.h"
#include "jobs/table.h"
#include "pictures/heat_map.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

struct MapOptions {
  ModelOptions common;
  ClipOptions clip;
  PictureOptions pictures;
  MeasureOptions measure;
  TrainOptions train;
  std::string retain_file, out = "layers-map";
  int64_t epochs = 10, retain_batch = 16;
  bool force = false, json = false;
};

struct Row {
  std::string name, selector;
};

// Each layer as a whole, its attention and its MLP.
std::vector<Row> rows_of(std::span<const NamedShape> tensors) {
  int last = -1;
  for (const NamedShape& t : tensors) last = std::max(last, layer_of(t.name));
  std::vector<Row> rows;
  for (int i = 0; i <= last; i++) {
    rows.push_back({fmt::format("layer {}", i), std::to_string(i)});
    rows.push_back({fmt::format("layer {} attn", i), fmt::format("*.layers.{}.self_attn.*", i)});
    rows.push_back({fmt::format("layer {} mlp", i), fmt::format("*.layers.{}.mlp.*", i)});
  }
  return rows;
}

void check(MapOptions& o) {
  o.clip.retain = prompts_of(o.retain_file);
  o.clip.retain_batch = o.clip.retain.empty() ? 0 : o.retain_batch;
  o.pictures.check();
  o.clip.check();
  o.train.check();
  for (const char* name : {"map.png", "map.json"})
    if (fs::exists(fs::path(o.out) / name) && !o.force)
      throw InputError("[layers map] {} exists; choose another {} or add {} to replace it",
                       display(fs::path(o.out) / name), option("out"), option("force"));
  make_folder(o.out);
}

class LayersMap {
 public:
  explicit LayersMap(MapOptions o)
      : o_(std::move(o)),
        device_(o_.common.open_device()),
        model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
        text_(model_.text_predictor()),
        progress_("erasing", 1, o_.json),
        tensors_(parameters_of(ModelPart::text, model_.text_weights().file())),
        rows_(rows_of(tensors_.all)) {
    o_.clip.size = model_.latent_size(model_.default_size(), model_.default_size());
    o_.pictures.take(o_.clip, model_, progress_);
    measure_ = ConceptMeasure::make(o_.measure, o_.clip.concepts, model_, text_, progress_);
  }

  void run() {
    const double begin = wall_seconds(), cpu = cpu_seconds();
    progress_.say(fmt::format("{}: {} short erasures of \"{}\", then {}", model_.name(),
                              rows_.size(), o_.clip.concepts[0], measure_->about()));
    for (const Row& row : rows_) add(row);
    progress_.finish();
    HeatMap map{{}, measure_->columns(), values_};
    for (const Row& row : rows_) map.rows.push_back(row.name);
    const Overwrite overwrite = o_.force ? Overwrite::yes : Overwrite::no;
    write_file(fs::path(o_.out) / "map.png", encode_png(draw_heat_map(map)), overwrite);
    report_["columns"] = measure_->columns();
    report_["measure"] = measure_->about();
    report_["seconds"] = wall_seconds() - begin;
    report_["cpu_seconds"] = cpu_seconds() - cpu;
    write_file(fs::path(o_.out) / "map.json",
               report_.dump(1, ' ', false, json::error_handler_t::replace) + "\n", overwrite);
    print_table();
    progress_.say(fmt::format("{}  heat map\n{}  the same numbers",
                              display(fs::path(o_.out) / "map.png"),
                              display(fs::path(o_.out) / "map.json")));
    json event = report_;
    event["event"] = "done";
    progress_.event(event);
  }

 private:
  void add(const Row& row) {
    const std::vector<std::string> names = select(tensors_, row.selector);
    Trainables trainables(*device_, model_.text_weights(), names, 0, o_.clip.seed, ModelPart::text);
    Clip method(model_, text_, trainables, o_.clip, "");
    const auto progress = [](const std::string&, int64_t, int64_t) { return !interrupted(); };
    try {
      method.prepare(progress);
    } catch (const Stopped&) { throw Interrupted{}; }
    TrainOptions train = o_.train;
    train.iterations = o_.epochs * method.per_epoch();
    Trainer trainer(*device_, method, trainables, train);
    progress_.restart(row.name, train.iterations);
    for (int64_t i = 0; i < train.iterations; i++) {
      if (interrupted()) throw Interrupted{};
      trainer.iterate(i, method);
      progress_.update(i + 1, "");
    }
    const std::vector<double> drops = measure_->drops([&](Graph& g) { trainables.replace(g); });
    values_.insert(values_.end(), drops.begin(), drops.end());
    report_["rows"].push_back({{"row", row.name},
                               {"params", row.selector},
                               {"tensors", trainables.tensors()},
                               {"scalars", trainables.scalars()},
                               {"drops", drops}});
  }

  void print_table() {
    std::string head = fmt::format("{:14}", "drop in %");
    for (const std::string& column : measure_->columns()) head += " " + cell(column, 10);
    progress_.say(head);
    const size_t columns = measure_->columns().size();
    for (size_t r = 0; r < rows_.size(); r++) {
      std::string line = fmt::format("{:14}", rows_[r].name);
      for (size_t c = 0; c < columns; c++)
        line += fmt::format(" {:>10.0f}", 100 * values_[r * columns + c]);
      progress_.say(line);
    }
  }

  MapOptions o_;
  std::unique_ptr<Device> device_;
  StableDiffusion model_;
  TextCache text_;
  Progress progress_;
  PartParameters tensors_;
  std::vector<Row> rows_;
  std::unique_ptr<ConceptMeasure> measure_;
  std::vector<double> values_;  // [rows][columns]
  json report_ = {{"rows", json::array()}};
};

class LayersMapVerb : public Verb {
 public:
  LayersMapVerb()
      : Verb("map", "Erase a concept with one layer of the text encoder at a time, and compare",
             "layers map") {
    Fields& f = fields;
    f.group(group::what);
    f.pick(o_.clip, {"concept"});
    o_.measure.describe(f);
    f.group(group::strength);
    f.add("epochs", o_.epochs, "N", "The budget of each layer: uses of every picture")
        .range(1, 100'000, "10 is usual")
        .from_model();
    f.pick(o_.train, {"lr"});
    f.pick(o_.clip, {"batch"});
    f.group(group::keep);
    f.add("retain", o_.retain_file, "FILE",
          "Prompts whose text embeddings must stay as they are, one a line");
    o_.pictures.describe(f);
    f.pick(o_.clip, {"seed"});
    f.group(group::output);
    f.add("out", o_.out, "DIR", "Folder of map.png and map.json");
    f.add("force", o_.force, "Replace a map that exists");
    f.add("json", o_.json, "Report events as JSON, one object a line");
    o_.common.describe(f);
    notes_ =
        "A drop is the share that is lost: of pictures that show the target, and of\n"
        "neighbours' pictures in which everything that the prompt asks for is right; or\n"
        "of the pull.";
  }
  void run() override {
    apply_model_defaults(fields, o_.common.model_path(), "layers map", "text");
    fields.check();
    check(o_);
    LayersMap(o_).run();
  }

 private:
  MapOptions o_;
};

}  // namespace

std::unique_ptr<Verb> layers_map_verb() { return std::make_unique<LayersMapVerb>(); }

}  // namespace lacuna
