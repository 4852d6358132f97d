#include "jobs/draw/sample_job.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/clock.h"
#include "base/error.h"
#include "base/options/fields.h"
#include "jobs/draw/parameters.h"
#include "jobs/draw/sheet.h"
#include "jobs/profile.h"
#include "jobs/prompts.h"
#include "pictures/grid.h"

namespace lacuna {
namespace {

constexpr uint64_t most_drawn = 1'000'000;

SampleOptions checked(SampleOptions o) {
  fields_of(o, "sample").check();
  if (o.json && (o.profile || o.trace))
    throw InputError("[sample] {} prints a table, which does not go with {}; leave one out",
                     option(o.profile ? "profile" : "trace"), option("json"));
  std::vector<std::string> more;
  for (const std::string& word : o.words) {
    if (names_edit(word) && !o.edits.files.empty())
      more.push_back(word);
    else if (o.prompt.empty())
      o.prompt = word;
    else
      throw InputError("[sample] \"{}\" follows the prompt; put quotes around the whole of it",
                       word);
  }
  o.words = std::move(more);
  if (o.compare && o.edits.files.empty())
    throw InputError("[sample] {} shows what an edit changes; name one with {} FILE",
                     option("compare"), option("edit"));
  if (!o.region.empty() && o.edits.files.empty())
    throw InputError("[sample] {} says where an edit acts; name one with {} FILE", option("region"),
                     option("edit"));
  o.grid = o.grid || o.compare;
  o.generate.rng = parse_rng_kind(o.rng);
  return o;
}

// All images to draw: every prompt `count` times, with seeds counting up from the first.
std::vector<ImageRequest> requests_of(const SampleOptions& o) {
  if (o.prompt.empty() == o.from_file.empty())
    throw InputError("[sample] give one prompt in quotes or {} FILE, not {}", option("from-file"),
                     o.prompt.empty() ? "neither" : "both");
  std::vector<PromptLine> lines = {{o.prompt, {}, {}}};
  if (!o.from_file.empty()) lines = read_prompts(o.from_file);
  const auto count = static_cast<uint64_t>(o.count);
  if (lines.size() > most_drawn / count)
    throw InputError(
        "[sample] {} prompts with {} {} are more than {} pictures; draw them in several runs",
        lines.size(), option("count"), count, most_drawn);
  const uint64_t first = o.seed ? *o.seed : std::random_device{}();
  std::vector<ImageRequest> all;
  for (const PromptLine& line : lines) {
    const uint64_t seed = line.seed.value_or(first);
    if (seed > UINT64_MAX - (count - 1))
      throw InputError(
          "[sample] the seeds of {} pictures counted up from {} would pass 2^64; choose a smaller "
          "seed",
          count, seed);
    for (uint64_t i = 0; i < count; i++)
      all.push_back({line.prompt, line.negative.value_or(o.negative), seed + i});
  }
  return all;
}

bool only_grid(const SampleOptions& o) {
  return o.grid && std::filesystem::path(o.out).extension() == ".png";
}

GenerateOptions with_size(GenerateOptions generate, const std::string& size,
                          const StableDiffusion& model) {
  std::tie(generate.width, generate.height) = size_or_default(size, model);
  return generate;
}

}  // namespace

SampleJob::SampleJob(SampleOptions options)
    : o_(checked(std::move(options))),
      begin_(wall_seconds()),
      cpu_begin_(cpu_seconds()),
      requests_(requests_of(o_)),
      variants_(o_.edits, o_.words, o_.compare),
      output_(o_.out, only_grid(o_) ? 1 : static_cast<int64_t>(pictures()), o_.force),
      device_(o_.common.open_device()),
      model_(*device_, o_.common.model_path(), parse_precision(o_.common.precision)),
      progress_("sampling", 1, o_.json),
      drawer_(model_, o_.generate = with_size(o_.generate, o_.size, model_), o_.batch, progress_),
      drawn_(variants_.all.size()) {
  // Edits that do not fit are known before the first picture; one at a time lies on the device.
  for (size_t i = 0; i < variants_.all.size(); i++) load(i);
  if (!o_.region.empty()) {
    region_ = parse_region(o_.region, static_cast<int>(o_.generate.width),
                           static_cast<int>(o_.generate.height));
    parse_region_mode(o_.region_mode);
  }
  if (o_.grid) check_grid(pictures(), o_.generate.width, o_.generate.height);
  progress_.restart("sampling",
                    drawer_.steps(requests_.size()) * static_cast<int64_t>(variants_.all.size()));
  nlohmann::json event = {{"event", "start"},
                          {"model", display(model_.path())},
                          {"device", device_->info().name},
                          {"precision", name_of(model_.dtype())},
                          {"pictures", pictures()}};
  std::string edits;
  for (const Variant& v : variants_.all)
    if (!v.edits.empty()) edits += (edits.empty() ? "" : "; or by ") + describe(v.edits);
  if (!edits.empty()) event["edits"] = edits;
  progress_.event(event);
  progress_.say(
      fmt::format("{} in {} on {}: {} of {}x{}, {} UNet calls each", model_.name(),
                  name_of(model_.dtype()), device_->info().name,
                  pictures() == 1 ? "one picture" : fmt::format("{} pictures", pictures()),
                  o_.generate.width, o_.generate.height, drawer_.calls()));
  if (!edits.empty())
    progress_.say(
        fmt::format("{}edited by {}{}", o_.compare ? "original and " : "", edits,
                    region_ ? fmt::format(" in {} ({})", o_.region, o_.region_mode) : ""));
  if (region_ && !region_->note.empty()) progress_.say(region_->note);
}

std::optional<Regional> SampleJob::regional() {
  if (!region_) return {};
  const LatentSize size = drawer_.size();
  return Regional{area_average(*region_, size.height, size.width),
                  parse_region_mode(o_.region_mode), model_.predictor(), drawer_.text()};
}

void SampleJob::load(size_t variant) {
  if (edited_model_ && loaded_ == variant) return;
  edited_model_.emplace(model_, variants_.all[variant].edits, o_.force);
  loaded_ = variant;
}

void SampleJob::draw() {
  for (size_t i = 0; i < variants_.all.size(); i++) draw_all(i);
  progress_.finish();
}

void SampleJob::draw_all(size_t variant) {
  const Variant& v = variants_.all[variant];
  load(variant);
  const std::optional<Regional> region = v.edits.empty() ? std::nullopt : regional();
  const auto visit = [&](size_t i, Generated&& picture) {
    if (!only_grid(o_)) save(requests_[i], picture.image, v);
    if (o_.grid) drawn_[variant].push_back(std::move(picture.image));
  };
  try {
    drawer_.draw(requests_, visit, &*edited_model_, region ? &*region : nullptr);
  } catch (const DeviceError&) {
    // Numbers that went wrong are what --trace is for: the plans still hold the inputs.
    progress_.finish();
    if (o_.trace) print_trace(model_, *edited_model_, drawer_.unet_batch(), drawer_.size());
    throw;
  }
}

void SampleJob::save(const ImageRequest& request, const Image& image, const Variant& variant) {
  const std::filesystem::path file = output_.next(request.seed);
  std::string edits = describe(variant.edits);
  if (region_ && !edits.empty()) edits += fmt::format(" in {} ({})", o_.region, o_.region_mode);
  const auto png =
      encode_png(image, {{"parameters", parameters_text(request, o_.generate, model_, edits)}});
  write_file(file, png, output_.overwrite());
  progress_.say(fmt::format("{}  {}{}", display(file), request.prompt,
                            variants_.all.size() > 1 ? fmt::format("  ({})", variant.label) : ""));
  nlohmann::json event = {{"event", "image"},
                          {"file", display(file)},
                          {"prompt", request.prompt},
                          {"seed", request.seed}};
  if (!edits.empty()) event["edits"] = edits;
  progress_.event(event);
}

Image SampleJob::sheet() const {
  const auto count = static_cast<size_t>(o_.count);
  if (variants_.several) {
    std::vector<std::string> labels;
    for (const Variant& v : variants_.all) labels.push_back(v.label);
    return variant_sheet(drawn_, labels, requests_, count);
  }
  return o_.compare ? comparison_sheet(drawn_[0], drawn_[1], requests_, count)
                    : contact_sheet(drawn_[0], requests_, count);
}

void SampleJob::finish() {
  if (o_.grid) {
    write_file(output_.grid(), encode_png(sheet()), output_.overwrite());
    progress_.say(fmt::format("{}  ({} pictures)", display(output_.grid()), pictures()));
    progress_.event(
        {{"event", "grid"}, {"file", display(output_.grid())}, {"pictures", pictures()}});
  }
  const double seconds = wall_seconds() - begin_, cpu = cpu_seconds() - cpu_begin_;
  progress_.say(fmt::format("{:.1f} s ({:.2f} CPU s a picture), at most {:.0f} MiB on the device",
                            seconds, cpu / static_cast<double>(pictures()),
                            device_->peak_bytes() / 1048576.0));
  progress_.event({{"event", "done"},
                   {"seconds", seconds},
                   {"cpu_seconds", cpu},
                   {"peak_bytes", device_->peak_bytes()}});
  if (o_.profile) print_profile(model_, *edited_model_, drawer_.unet_batch(), drawer_.size());
  if (o_.trace) print_trace(model_, *edited_model_, drawer_.unet_batch(), drawer_.size());
}

}  // namespace lacuna
