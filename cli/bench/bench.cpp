#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/error.h"
#include "base/options/option.h"
#include "cli/bench/bench_cases.h"
#include "cli/bench/bench_compare.h"
#include "cli/bench/bench_models.h"
#include "cli/bench/bench_peak.h"
#include "cli/bench/bench_report.h"
#include "cli/bench/bench_roofline.h"
#include "cli/verbs.h"
#include "erase/groups.h"
#include "jobs/model_options.h"
#include "models/files/model_files.h"

namespace lacuna {
namespace {

struct BenchOptions {
  ModelOptions common;
  std::string filter, precision = "both", variant = "auto", size, baseline, roofline;
  int repeat = 5;
  bool json = false, kernels = false, models = false, force = false;

  bool wants(const std::string& title) const { return title.find(filter) != std::string::npos; }
  // Whether this run would have measured a line of another one.
  bool wants(const BenchLine& l) const {
    return !l.is_peak() && wants(l.kernel + " " + l.shape) &&
           (precision == "both" || precision == l.dtype) &&
           (l.model.empty() ? kernels : models && l.model == model_name);
  }
  std::string model_name;  // of the model that was measured
};

std::vector<DType> types_of(const BenchOptions& o, const Device& device) {
  std::vector<DType> types;
  for (const DType type : {DType::f32, DType::f16})
    if ((o.precision == "both" || o.precision == name_of(type)) &&
        (type == DType::f32 || device.traits().storage16))
      types.push_back(type);
  return types;
}

[[noreturn]] void fail_without_a_match(const BenchOptions& o) {
  throw InputError("[bench] nothing matches {} '{}' in {}", option("filter"), o.filter,
                   o.precision == "both" ? "f32 or f16" : o.precision);
}

void bench_kernels(const BenchOptions& o, Device& device, BenchReport& report) {
  PlanOptions plan{.traits = device.traits()};
  if (o.variant != "auto") plan.traits->cpu = o.variant == "cpu";
  for (const BenchCase& c : bench_cases()) {
    if (!o.wants(c.kernel + " " + c.shape)) continue;
    for (const DType type : types_of(o, device))
      report.add(measure_case(device, c, type, plan, o.repeat));
  }
}

void bench_models(BenchOptions& o, Device& device, BenchReport& report) {
  const ProgramOptions options = {
      .folder = o.common.model_path(),
      .size = o.size,
      .repeat = o.repeat,
      .wanted = [&o](const std::string& title) { return o.wants(title); }};
  for (const DType type : types_of(o, device)) {
    measure_programs(device, options, type, [&](const BenchLine& line) {
      if (o.model_name.empty()) report.say("whole programs of " + line.model);
      o.model_name = line.model;
      report.add(line);
    });
  }
}

void bench(BenchOptions& o) {
  o.kernels |= !o.models;
  if (!o.roofline.empty()) check_roofline_output(o.roofline, o.force);
  std::optional<Baseline> baseline;
  if (!o.baseline.empty()) baseline.emplace(o.baseline);
  // What cannot end well is told before anything is measured.
  if (o.models) part(o.common.model_path(), "unet");
  const bool some = std::ranges::any_of(
      bench_cases(), [&](const BenchCase& c) { return o.wants(c.kernel + " " + c.shape); });
  if (!some && !o.models) fail_without_a_match(o);
  const std::unique_ptr<Device> device = o.common.open_device();
  const MeasuredPeaks measured = measure_peaks(*device, o.repeat);
  BenchReport report(device->info(), measured.peaks, o.json);
  report.begin();
  for (const BenchLine& line : measured.lines) report.add(line);
  if (o.kernels) bench_kernels(o, *device, report);
  if (o.models) bench_models(o, *device, report);
  if (report.lines().size() == measured.lines.size()) fail_without_a_match(o);
  if (baseline)
    baseline->print(
        report, [&](const BenchLine& l) { return o.wants(l); }, o.json);
  if (o.roofline.empty()) return;
  write_roofline(o.roofline, report, device->info().name);
  report.say(fmt::format("\n{}  roofline", o.roofline));
}

class Bench : public Verb {
 public:
  Bench() : Verb("bench", "Measure how fast kernels and whole programs run") {
    Fields& f = fields;
    f.group("What to measure");
    f.add("kernels", o_.kernels, "Measure single kernels, as it does if you name nothing");
    f.add("models", o_.models,
          "Measure whole programs: UNet forward, with gradients, an ESD iteration, VAE decode");
    f.add("filter", o_.filter, "TEXT",
          "Only lines with this text in kernel and shape, such as 'linear 1024'");
    f.add("size", o_.size, "WxH", "Size of the pictures of --models in pixels")
        .usually("what the model was trained for");
    f.add("precision", o_.precision, "f32|f16|both", "How all tensors are stored")
        .one_of({"f32", "f16", "both"});
    f.add("variant", o_.variant, "auto|gpu|cpu", "Single kernels for GPUs or for CPU drivers")
        .one_of({"auto", "gpu", "cpu"})
        .usually("what the device is");
    f.add("repeat", o_.repeat, "N",
          "Runs after one to warm up; a program that takes seconds runs only twice")
        .range(1, 1e9, "5 is usual");
    f.group(group::output);
    f.add("compare", o_.baseline, "FILE", "Print ratios to what --json printed into this file");
    f.add("roofline", o_.roofline, "FILE",
          "Draw the kernels under the roofline of the device, a .png file");
    f.add("force", o_.force, "Replace a picture that exists");
    f.add("json", o_.json, "Print one JSON object a line");
    f.group(group::model);
    f.pick(o_.common, {"model", "device"});
    f["model"].help("Model of --models: a diffusers folder or a single .safetensors file");
    notes_ =
        "Times are medians; +-% is (longest - shortest) / median. GB counts inputs and\n"
        "outputs once. peak is the share of what a loop of multiply-adds reaches in the\n"
        "same run (without flop: of what a copy reaches), roof the share of what the\n"
        "roofline of both allows; data that fits into a cache may exceed it. On CPU\n"
        "drivers rates are per CPU second of the process, because machines are shared.";
  }
  void run() override { bench(o_); }

 private:
  BenchOptions o_;
};

}  // namespace

std::unique_ptr<Verb> bench_verb() { return std::make_unique<Bench>(); }

}  // namespace lacuna
