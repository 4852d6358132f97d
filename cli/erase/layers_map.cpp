#include "cli/erase/layers_map.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "cli/model_defaults.h"
#include "erase/edits/layer_numbers.h"
#include "erase/range.h"
#include "erase/selection.h"
#include "jobs/concept_measure.h"
#include "jobs/erase/training_run.h"
#include "jobs/interrupt.h"
#include "jobs/picture_options.h"
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
  check_range("layers map", "--epochs", static_cast<double>(o.epochs), 1, 100'000, "10 is usual");
  o.pictures.check();
  o.clip.check();
  o.train.check();
  for (const char* name : {"map.png", "map.json"})
    if (fs::exists(fs::path(o.out) / name) && !o.force)
      throw InputError("[layers map] {} exists; choose another --out or add --force to replace it",
                       display(fs::path(o.out) / name));
  make_folder(o.out);
}

class LayersMap {
 public:
  explicit LayersMap(MapOptions o)
      : o_(std::move(o)),
        device_(o_.common.open_device()),
        model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
        text_(model_),
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
    const auto tell = [](const std::string&, int64_t, int64_t) { return !interrupted(); };
    try {
      method.prepare(tell);
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

}  // namespace

void add_layers_map(CLI::App& layers) {
  auto o = std::make_shared<MapOptions>();
  o->train.learning_rate = 1e-5;
  CLI::App* c = layers.add_subcommand(
      "map", "Erase a concept with one layer of the text encoder at a time, and compare");
  texts_option(*c, "--concept", o->clip.concepts, "What to erase: the caption of the pictures");
  o->pictures.add_to(*c);
  option(*c, "--targets", o->measure.targets,
         "Prompts that ask for the concept, one a line (default: the concept)", "FILE");
  option(*c, "--neighbours", o->measure.neighbours,
         "Prompts that should stay; each ## heading is a column", "FILE");
  option(*c, "--measure", o->measure.kind,
         "pictures: counted by the checker, for pico; pull: what is left of the prompts' pull on "
         "the UNet (default: pictures where the checker fits)",
         "pictures|pull");
  option(*c, "--count", o->measure.count, "Pictures of each prompt", "N")->capture_default_str();
  option(*c, "--sample-steps", o->measure.steps, "Steps of these pictures", "N")
      ->capture_default_str();
  option(*c, "--epochs", o->epochs, "The budget of each layer: uses of every picture", "N")
      ->capture_default_str();
  option(*c, "--lr", o->train.learning_rate, "Learning rate", "X")->capture_default_str();
  option(*c, "--batch", o->clip.batch, "Examples at a time", "N")->capture_default_str();
  option(*c, "--retain", o->retain_file, "Prompts whose text states must stay, one a line", "FILE");
  seed_option(*c, o->clip.seed);
  option(*c, "--out", o->out, "Folder of map.png and map.json", "DIR")->capture_default_str();
  c->add_flag("--force", o->force, "Replace a map that exists");
  o->common.add_to(*c);
  c->add_flag("--json", o->json, "Report events as JSON, one object a line");
  c->footer(
      "A drop is the share that is lost: of pictures that show the target, and of\n"
      "neighbours' pictures in which everything that the prompt asks for is right; or\n"
      "of the pull.");
  c->callback([o, c] {
    apply_model_defaults(*c, o->common.model_path(), "layers map", "text");
    check(*o);
    LayersMap(*o).run();
  });
}

}  // namespace lacuna
