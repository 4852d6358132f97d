#include "erase/examples/trajectories.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/file.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/fingerprint.h"
#include "models/walk.h"

namespace lacuna {
namespace {

// Everything a trajectory depends on, as text: its file is named by the hash of it.
std::string identity(const StableDiffusion& model, const Trajectory& t, const TrajectoryOptions& o,
                     const std::string& model_hash) {
  std::string text =
      fmt::format("1\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}x{}\n", model_hash, name_of(model.dtype()),
                  t.prompt.path, t.prompt.concept_text, t.seed, o.sampler, o.steps, o.guidance,
                  o.size.width, o.size.height);
  for (const auto& [key, value] : arithmetic_texts(model.device().traits().arithmetic))
    text += fmt::format("{} {}\n", key, value);
  return text;
}

void save(const std::filesystem::path& file, const std::string& identity, const Trajectory& t) {
  std::vector<TensorToWrite> tensors;
  const auto count = static_cast<int64_t>(t.examples.size());
  const auto elements = static_cast<int64_t>(t.examples[0].latents.size());
  const auto add = [&](const char* name, std::vector<float> Example::*member) {
    if ((t.examples[0].*member).empty()) return;
    tensors.push_back(
        {name, FileDType::f32, {count, elements}, [&t, member](std::span<std::byte> bytes) {
           for (const Example& e : t.examples) {
             const auto part = std::as_bytes(std::span(e.*member));
             std::memcpy(bytes.data(), part.data(), part.size());
             bytes = bytes.subspan(part.size());
           }
         }});
  };
  add("latents", &Example::latents);
  add("path", &Example::path);
  add("concept", &Example::concept_);
  add("neutral", &Example::neutral);
  tensors.push_back({"timesteps", FileDType::f32, {count}, [&t](std::span<std::byte> bytes) {
                       for (size_t i = 0; i < t.examples.size(); i++)
                         std::memcpy(bytes.data() + i * 4, &t.examples[i].timestep, 4);
                     }});
  write_safetensors(file, std::move(tensors), {{"trajectory", identity}}, Overwrite::yes);
}

// False when there is no such file, or it is damaged or not this trajectory's: then it is made
// again.
bool load(const std::filesystem::path& path, const std::string& identity, size_t elements,
          Trajectory& t) {
  if (!std::filesystem::exists(path)) return false;
  try {
    const TensorFile file = TensorFile::open(path);
    const auto found = file.metadata().find("trajectory");
    if (found == file.metadata().end() || found->second != identity) return false;
    std::vector<float> timesteps(file.at("timesteps").count());
    file.to_float(file.at("timesteps"), timesteps);
    t.examples.resize(timesteps.size());
    const auto get = [&](const char* name, std::vector<float> Example::*member) {
      std::vector<float> all(file.at(name).count());
      if (all.size() != elements * timesteps.size()) throw InputError("[cache] wrong size");
      file.to_float(file.at(name), all);
      for (size_t i = 0; i < t.examples.size(); i++)
        (t.examples[i].*member)
            .assign(all.begin() + static_cast<std::ptrdiff_t>(i * elements),
                    all.begin() + static_cast<std::ptrdiff_t>((i + 1) * elements));
    };
    get("latents", &Example::latents);
    get("path", &Example::path);
    get("neutral", &Example::neutral);
    if (t.prompt.path != t.prompt.concept_text) get("concept", &Example::concept_);
    for (size_t i = 0; i < timesteps.size(); i++) t.examples[i].timestep = timesteps[i];
    return !t.examples.empty();
  } catch (const InputError&) {
    t.examples.clear();
    return false;
  }
}

// Samples some trajectories together, one UNet batch a step.
void sample(StableDiffusion& model, TextCache& text, std::span<Trajectory> batch,
            const TrajectoryOptions& o, const std::function<void(int)>& step) {
  std::vector<Walk::Start> starts;
  const Conditioning neutral = text.conditioning("");
  for (const Trajectory& t : batch) {
    std::vector<Conditioning> asked = {neutral, text.conditioning(t.prompt.path)};
    if (t.prompt.has_parent()) asked.push_back(text.conditioning(t.prompt.concept_text));
    starts.push_back({std::move(asked), Rng(RngKind::torch, t.seed)});
  }
  Walk walk(model, o.size, o.sampler, {.steps = o.steps}, std::move(starts));
  for (int i = 0; i < walk.calls(); i++) {
    step(i);
    std::vector<Predictions> predictions = walk.predict(model.predictor(), i);
    for (size_t b = 0; b < batch.size(); b++) {
      Predictions& p = predictions[b];
      walk.step(i, b, guided(p, o.guidance));
      Example e{walk.input(b), std::move(p[1]), {}, std::move(p[0]), walk.timestep(i)};
      if (p.size() > 2) e.concept_ = std::move(p[2]);
      batch[b].examples.push_back(std::move(e));
    }
  }
}

}  // namespace

std::vector<TrajectoryPrompt> in_turn(const std::vector<TrajectoryPrompt>& prompts, int64_t count) {
  constexpr int64_t usual = 20;
  const auto least = static_cast<int64_t>(prompts.size());
  if (count == 0) count = std::max(least, usual / least * least);
  std::vector<TrajectoryPrompt> all;
  for (int64_t i = 0; i < count; i++) all.push_back(prompts[static_cast<size_t>(i % least)]);
  return all;
}

Pick pick(const std::vector<Trajectory>& from, Rng& rng, double early) {
  return pick(from[rng.below(from.size())], rng, early);
}

Pick pick(const Trajectory& from, Rng& rng, double early) {
  const double count = std::ceil(early * static_cast<double>(from.examples.size()));
  return {from,
          static_cast<size_t>(rng.below(std::max<uint64_t>(1, static_cast<uint64_t>(count))))};
}

std::vector<Trajectory> frozen_trajectories(StableDiffusion& model, TextCache& text,
                                            std::span<const TrajectoryPrompt> prompts,
                                            std::span<const uint64_t> seeds,
                                            const TrajectoryOptions& o,
                                            const std::string& model_hash,
                                            const ProgressCallback& progress) {
  const auto elements =
      static_cast<size_t>(model.unet_config().out_channels * o.size.height * o.size.width);
  std::vector<Trajectory> all;
  for (size_t i = 0; i < prompts.size(); i++) {
    all.push_back({prompts[i], seeds[i], {}, {}});
    all.back().hash = fingerprint(std::string_view(identity(model, all.back(), o, model_hash)));
  }
  const auto file_of = [&](const Trajectory& t) {
    return o.folder / ("trajectory-" + t.hash + ".safetensors");
  };
  // Whole batches are sampled or read: how many entries a batch has must not depend on what an
  // interrupted run left.
  std::vector<std::span<Trajectory>> missing;
  int64_t total = 0;
  const int64_t calls =
      Sampler::make(o.sampler, model.noise_schedule(), {.steps = o.steps})->calls();
  for (size_t begin = 0; begin < all.size(); begin += static_cast<size_t>(o.batch)) {
    const auto part =
        std::span(all).subspan(begin, std::min(static_cast<size_t>(o.batch), all.size() - begin));
    const bool kept = std::all_of(part.begin(), part.end(), [&](Trajectory& t) {
      const std::string id = identity(model, t, o, model_hash);
      return !o.folder.empty() && load(file_of(t), id, elements, t);
    });
    if (kept) continue;
    missing.push_back(part);
    total += calls * static_cast<int64_t>(part.size());
  }
  if (!o.folder.empty() && !missing.empty()) make_folder(o.folder);
  int64_t done = 0;
  for (const std::span<Trajectory> part : missing) {
    for (Trajectory& t : part) t.examples.clear();
    sample(model, text, part, o, [&](int step) {
      if (!progress("trajectories", done + static_cast<int64_t>(part.size()) * step, total))
        throw Stopped{};
    });
    done += calls * static_cast<int64_t>(part.size());
    for (const Trajectory& t : part) {
      if (o.folder.empty()) break;
      save(file_of(t), identity(model, t, o, model_hash), t);
    }
  }
  return all;
}

}  // namespace lacuna
