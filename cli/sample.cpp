#include "cli/sample.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

#include "cli/common.h"
#include "cli/interrupt.h"
#include "cli/output.h"
#include "cli/parameters.h"
#include "cli/profile.h"
#include "cli/progress.h"
#include "cli/prompts.h"
#include "engine/clock.h"
#include "engine/error.h"
#include "models/generate.h"
#include "models/grid.h"
#include "models/sampler.h"

namespace lacuna {
namespace {

constexpr uint64_t most_pictures = 1'000'000;

struct SampleOptions {
  ModelOptions common;
  std::string prompt, negative, from_file, rng = "torch", size, out = "out";
  GenerateOptions generate;
  std::optional<uint64_t> seed;
  int64_t count = 1, batch = 4;
  bool grid = false, force = false, json = false, profile = false, trace = false;
};

// All images to draw: every prompt `count` times, with seeds counting up from the first.
std::vector<ImageRequest> requests(const SampleOptions& o) {
  if (o.prompt.empty() == o.from_file.empty())
    throw InputError("[sample] give one prompt in quotes or --from-file FILE, not {}",
                     o.prompt.empty() ? "neither" : "both");
  std::vector<PromptLine> lines = {{o.prompt, {}, {}}};
  if (!o.from_file.empty()) lines = read_prompts(o.from_file);
  const auto count = static_cast<uint64_t>(o.count);
  if (lines.size() > most_pictures / count)
    throw InputError(
        "[sample] {} prompts with --count {} are more than {} pictures; draw them in several runs",
        lines.size(), count, most_pictures);
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

void warn_cuts(const TextCache& text, size_t& told, Progress& progress) {
  for (; told < text.cuts().size(); told++) {
    const CutPrompt& c = text.cuts()[told];
    std::fprintf(stderr,
                 "\nwarning: the prompt is longer than the model's context; this was cut: \"%s\"\n",
                 c.cut.c_str());
    progress.event({{"event", "cut"}, {"prompt", c.prompt}, {"cut", c.cut}});
  }
}

std::string_view as_text(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// White above, so that pictures under captions of one and of two lines stand in line.
Image padded_above(const Image& image, int height) {
  Image result = blank_image(image.width, height, 255);
  std::copy(image.rgb.begin(), image.rgb.end(),
            result.rgb.end() - static_cast<std::ptrdiff_t>(image.rgb.size()));
  return result;
}

// One row a prompt and one column a seed; single pictures of many prompts carry their captions.
Image contact_sheet(const std::vector<Image>& images, const std::vector<ImageRequest>& all,
                    int64_t count) {
  if (count == 1) {
    std::vector<Image> captioned;
    int height = 0;
    for (size_t i = 0; i < images.size(); i++) {
      captioned.push_back(grid({&images[i], 1}, 1, {{all[i].prompt}, {}}));
      height = std::max(height, captioned.back().height);
    }
    for (Image& image : captioned) image = padded_above(image, height);
    return grid(captioned,
                static_cast<int>(std::ceil(std::sqrt(static_cast<double>(images.size())))));
  }
  GridLabels labels;
  for (size_t i = 0; i < images.size(); i += static_cast<size_t>(count))
    labels.rows.push_back(all[i].prompt);
  const bool same_seeds = std::all_of(all.begin(), all.end(), [&](const ImageRequest& r) {
    return r.seed == all[static_cast<size_t>(&r - all.data()) % static_cast<size_t>(count)].seed;
  });
  for (int64_t i = 0; i < count && same_seeds; i++)
    labels.columns.push_back(fmt::format("seed {}", all[static_cast<size_t>(i)].seed));
  return grid(images, static_cast<int>(count), labels);
}

// Guidance doubles the batch of the UNet.
int64_t unet_batch(const SampleOptions& o, int64_t pictures) {
  return o.generate.guidance > 1 ? 2 * pictures : pictures;
}

void sample(SampleOptions o) {
  const double begin = wall_seconds(), cpu_begin = cpu_seconds();
  if (o.count < 1 || o.count > static_cast<int64_t>(most_pictures))
    throw InputError("[sample] --count {} is out of range; 1 to {} are possible", o.count,
                     most_pictures);
  if (o.batch < 1 || o.batch > 256)
    throw InputError("[sample] --batch {} is out of range; 1 to 256 are possible", o.batch);
  o.generate.rng = parse_rng_kind(o.rng);
  const std::vector<ImageRequest> all = requests(o);
  const bool single = std::filesystem::path(o.out).extension() == ".png";
  PictureOutput output(o.out, o.grid && single ? 1 : static_cast<int64_t>(all.size()), o.force);

  const std::unique_ptr<Device> device = o.common.open_device();
  StableDiffusion model(*device, o.common.model_folder(), parse_precision(o.common.precision));
  o.generate.width = o.generate.height = model.default_size();
  if (!o.size.empty()) std::tie(o.generate.width, o.generate.height) = parse_size(o.size);
  const LatentSize size = model.latent_size(o.generate.width, o.generate.height);
  if (o.grid) check_grid(all.size(), o.generate.width, o.generate.height);
  const int64_t calls =
      Sampler::make(o.generate.sampler, model.noise_schedule(), {.steps = o.generate.steps})
          ->calls();
  const int64_t batch = std::min<int64_t>(o.batch, static_cast<int64_t>(all.size()));
  const int64_t batches = (static_cast<int64_t>(all.size()) + batch - 1) / batch;
  const int64_t last = static_cast<int64_t>(all.size()) - (batches - 1) * batch;

  Progress progress("sampling", calls * batches, o.json);
  progress.event({{"event", "start"},
                  {"model", display(model.folder())},
                  {"device", device->info().name},
                  {"precision", name_of(model.dtype())},
                  {"pictures", all.size()}});
  if (!o.json)
    progress.say(
        fmt::format("{} in {} on {}: {} of {}x{}, {} UNet calls each", model.name(),
                    name_of(model.dtype()), device->info().name,
                    all.size() == 1 ? "one picture" : fmt::format("{} pictures", all.size()),
                    o.generate.width, o.generate.height, calls));
  TextCache text(model);
  std::vector<Image> images;
  size_t told = 0;
  for (int64_t b = 0; b < batches; b++) {
    const auto part = std::span(all).subspan(
        static_cast<size_t>(b * batch),
        std::min<size_t>(static_cast<size_t>(batch), all.size() - static_cast<size_t>(b * batch)));
    const std::string note = fmt::format("picture {}", b * batch + 1);
    std::vector<Generated> results;
    try {
      results = generate(model, text, part, o.generate, [&](int call, int) {
        warn_cuts(text, told, progress);
        progress.update(b * calls + call, note);
        return !interrupted();
      });
    } catch (const DeviceError&) {
      // Numbers that went wrong are what --trace is for: the plans still hold the inputs.
      progress.finish();
      if (o.trace) print_trace(model, unet_batch(o, static_cast<int64_t>(part.size())), size);
      throw;
    }
    if (results.empty()) throw Interrupted{};
    for (size_t i = 0; i < results.size(); i++) {
      if (o.grid) images.push_back(results[i].image);
      if (o.grid && single) continue;
      const std::filesystem::path file = output.next(part[i].seed);
      const auto png = encode_png(results[i].image,
                                  {{"parameters", parameters_text(part[i], o.generate, model)}});
      write_file(file, as_text(png), output.overwrite());
      progress.say(fmt::format("{}  {}", display(file), part[i].prompt));
      progress.event({{"event", "image"},
                      {"file", display(file)},
                      {"prompt", part[i].prompt},
                      {"seed", part[i].seed}});
    }
  }
  progress.finish();
  if (o.grid) {
    write_file(output.grid(), as_text(encode_png(contact_sheet(images, all, o.count))),
               output.overwrite());
    progress.say(fmt::format("{}  ({} pictures)", display(output.grid()), images.size()));
    progress.event(
        {{"event", "grid"}, {"file", display(output.grid())}, {"pictures", images.size()}});
  }
  const double seconds = wall_seconds() - begin, cpu = cpu_seconds() - cpu_begin;
  progress.say(fmt::format("{:.1f} s ({:.2f} CPU s a picture), at most {:.0f} MiB on the device",
                           seconds, cpu / static_cast<double>(all.size()),
                           device->peak_bytes() / 1048576.0));
  progress.event({{"event", "done"},
                  {"seconds", seconds},
                  {"cpu_seconds", cpu},
                  {"peak_bytes", device->peak_bytes()}});
  if (o.profile) print_profile(model, unet_batch(o, last), size);
  if (o.trace) print_trace(model, unet_batch(o, last), size);
}

}  // namespace

void add_sample(CLI::App& app) {
  auto o = std::make_shared<SampleOptions>();
  CLI::App* c = app.add_subcommand("sample", "Draw pictures from text prompts");
  c->add_option("prompt", o->prompt, "What to draw, in quotes")->type_name("TEXT");
  c->add_option("--negative", o->negative, "What to stay away from")->type_name("TEXT");
  c->add_option("--from-file", o->from_file,
                "Prompts from a file: one a line (.txt), or columns prompt, negative, seed (.csv)")
      ->type_name("FILE");
  c->add_option("--steps", o->generate.steps, "Steps of the sampler")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--guidance", o->generate.guidance,
                "How strictly the picture follows the prompt; 1 turns guidance off")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--sampler", o->generate.sampler, "ddim, pndm, lms, euler, euler_a or dpmpp_2m")
      ->capture_default_str()
      ->type_name("NAME");
  c->add_option("--eta", o->generate.eta,
                "DDIM only: 0 is deterministic, 1 adds noise at every step")
      ->capture_default_str()
      ->type_name("X");
  c->add_option("--seed", o->seed,
                "Seed of the first picture; the following count up (default: random)")
      ->check(CLI::Validator(CLI::NonNegativeNumber).description(""))  // or -1 becomes 2^64 - 1
      ->type_name("N");
  c->add_option("--rng", o->rng, "Noise as PyTorch makes it on the CPU (torch) or on CUDA (philox)")
      ->capture_default_str()
      ->type_name("torch|philox");
  c->add_option("--count", o->count, "Pictures of each prompt")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--batch", o->batch, "Pictures drawn at the same time")
      ->capture_default_str()
      ->type_name("N");
  c->add_option("--size", o->size,
                "Width and height in pixels (default: what the model was trained for)")
      ->type_name("WxH");
  c->add_option("--out", o->out, "A folder, in which pictures are numbered, or one .png file")
      ->capture_default_str()
      ->type_name("DIR|FILE");
  c->add_flag("--grid", o->grid, "Also draw all pictures into one labelled grid");
  c->add_flag("--force", o->force, "Replace a file that exists");
  o->common.add_to(*c);
  CLI::Option* json = c->add_flag("--json", o->json, "Report events as JSON, one object a line");
  c->add_flag("--profile", o->profile, "Then measure every op of one UNet call and print the table")
      ->excludes(json);
  c->add_flag("--trace", o->trace,
              "Then print minimum, maximum, mean and NaN count of every op of one UNet call")
      ->excludes(json);
  c->callback([o] { sample(*o); });
}

}  // namespace lacuna
