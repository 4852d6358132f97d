#include "erase/examples/anchors.h"

#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/options/fields.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/fingerprint.h"
#include "erase/groups.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"

namespace lacuna {
namespace {

constexpr const char* key = "anchors";

// Everything that the pictures depend on.
OptionTexts identity(const StableDiffusion& model, const AnchorOptions& o,
                     const std::string& model_hash) {
  const GenerateOptions& g = o.generate;
  OptionTexts all = arithmetic_texts(model.device().traits().arithmetic);
  all.merge(OptionTexts{{"version", "1"},
                        {"model", model_hash},
                        {"precision", std::string(name_of(model.dtype()))},
                        {"prompts", list(o.prompts)},
                        {"count", std::to_string(o.count)},
                        {"sampler", g.sampler},
                        {"steps", std::to_string(g.steps)},
                        {"guidance", fmt::format("{:g}", g.guidance)},
                        {"eta", fmt::format("{:g}", g.eta)},
                        {"size", fmt::format("{}x{}", g.width, g.height)},
                        {"pixels", o.pixels ? "yes" : "no"},
                        {"seed", std::to_string(o.seed)}});
  return all;
}

std::string hash_of(const OptionTexts& identity) {
  std::string text;
  for (const auto& [name, value] : identity) text += name + '\0' + value + '\0';
  return fingerprint(std::string_view(text));
}

std::filesystem::path manifest(const AnchorOptions& o) { return o.folder / "anchors.json"; }

std::filesystem::path file_of(const AnchorOptions& o, size_t first) {
  return o.folder / fmt::format("anchors-{:05}.safetensors", first);
}

void save(const std::filesystem::path& file, const std::string& hash, std::span<const Anchor> part,
          bool pixels) {
  const auto count = static_cast<int64_t>(part.size());
  std::vector<TensorToWrite> tensors;
  tensors.push_back({"latents",
                     FileDType::f32,
                     {count, static_cast<int64_t>(part[0].latents.size())},
                     [part](std::span<std::byte> bytes) {
                       for (const Anchor& a : part) {
                         const auto own = std::as_bytes(std::span(a.latents));
                         std::memcpy(bytes.data(), own.data(), own.size());
                         bytes = bytes.subspan(own.size());
                       }
                     }});
  if (pixels)
    tensors.push_back({"pixels",
                       FileDType::u8,
                       {count, part[0].image.height, part[0].image.width, 3},
                       [part](std::span<std::byte> bytes) {
                         for (const Anchor& a : part) {
                           std::memcpy(bytes.data(), a.image.rgb.data(), a.image.rgb.size());
                           bytes = bytes.subspan(a.image.rgb.size());
                         }
                       }});
  write_safetensors(file, std::move(tensors), {{key, hash}}, Overwrite::yes);
}

// False where there is no such file, or it is damaged or of other options.
bool load(const std::filesystem::path& path, const std::string& hash, std::span<Anchor> part,
          size_t elements, const AnchorOptions& o) {
  if (!std::filesystem::exists(path)) return false;
  try {
    const TensorFile file = TensorFile::open(path);
    const auto found = file.metadata().find(key);
    if (found == file.metadata().end() || found->second != hash) return false;
    const TensorFile::Entry& latents = file.at("latents");
    if (latents.count() != elements * part.size()) return false;
    std::vector<float> all(latents.count());
    file.to_float(latents, all);
    const Image empty =
        blank_image(static_cast<int>(o.generate.width), static_cast<int>(o.generate.height), 0);
    const TensorFile::Entry* pixels = o.pixels ? &file.at("pixels") : nullptr;
    if (pixels &&
        (pixels->dtype != FileDType::u8 || pixels->bytes.size() != empty.rgb.size() * part.size()))
      return false;
    for (size_t i = 0; i < part.size(); i++) {
      const auto begin = all.begin() + static_cast<std::ptrdiff_t>(i * elements);
      part[i].latents.assign(begin, begin + static_cast<std::ptrdiff_t>(elements));
      if (!pixels) continue;
      part[i].image = empty;
      std::memcpy(part[i].image.rgb.data(), pixels->bytes.data() + i * empty.rgb.size(),
                  empty.rgb.size());
    }
    return true;
  } catch (const InputError&) { return false; }
}

}  // namespace

void AnchorOptions::describe(Fields& f) {
  f.group(group::examples);
  f.add("anchor-count", count, "N", "How many anchor pictures are drawn")
      .range(1, 1e6, "200 is usual")
      .from_model()
      .identity();
  f.add("anchor-steps", generate.steps, "N", "Sampler steps of an anchor picture")
      .range(1, 1000, "25 is usual")
      .from_model()
      .identity();
  f.add("anchor-guidance", generate.guidance, "X", "Guidance of an anchor picture")
      .range(0, 100, "6 is usual")
      .from_model()
      .identity();
  const auto names = Sampler::names();
  f.add("anchor-sampler", generate.sampler, "NAME", "Sampler of an anchor picture")
      .one_of({names.begin(), names.end()})
      .from_model()
      .identity();
  f.add("anchor-eta", generate.eta, "X", "With ddim: the noise that every step adds")
      .range(0, 1, "it lies between 0 and 1")
      .from_model()
      .identity();
}

void AnchorOptions::check() const { fields_of(*this, "ablate").check(); }

std::vector<Anchor> make_anchors(StableDiffusion& model, TextCache& text, const AnchorOptions& o,
                                 const std::string& model_hash, const ProgressCallback& progress) {
  const OptionTexts options = identity(model, o, model_hash);
  const std::string hash = hash_of(options);
  const LatentSize size = model.latent_size(o.generate.width, o.generate.height);
  const auto elements =
      static_cast<size_t>(model.vae_config().latent_channels * size.height * size.width);
  make_folder(o.folder);
  write_file(manifest(o), nlohmann::json(options).dump(1) + "\n", Overwrite::yes);
  const std::vector<uint64_t> seeds = seeds_of(o.seed, static_cast<size_t>(o.count));
  std::vector<Anchor> all;
  for (size_t i = 0; i < seeds.size(); i++) all.push_back({i % o.prompts.size(), seeds[i], {}, {}});
  for (size_t begin = 0; begin < all.size(); begin += anchors_together) {
    const auto part = std::span(all).subspan(
        begin, std::min(static_cast<size_t>(anchors_together), all.size() - begin));
    if (load(file_of(o, begin), hash, part, elements, o)) continue;
    std::vector<ImageRequest> requests;
    for (const Anchor& a : part) requests.push_back({o.prompts[a.prompt], "", a.seed});
    GenerateOptions generating = o.generate;
    generating.decode = o.pixels;
    std::vector<Generated> made =
        generate(model, text, requests, generating, [&](int call, int calls) {
          const auto done = static_cast<int64_t>(begin * static_cast<size_t>(calls)) +
                            static_cast<int64_t>(part.size()) * call;
          return progress("anchor pictures", done, o.count * calls);
        });
    if (made.empty()) throw Stopped{};
    for (size_t i = 0; i < part.size(); i++) {
      part[i].latents = std::move(made[i].latents);
      part[i].image = std::move(made[i].image);
    }
    save(file_of(o, begin), hash, part, o.pixels);
  }
  return all;
}

std::string about_anchors(const StableDiffusion& model, const AnchorOptions& o,
                          const std::string& model_hash) {
  if (!std::filesystem::exists(manifest(o))) return {};
  OptionTexts before;
  try {
    for (const auto& [name, value] : read_json(manifest(o), {.bytes = 1 << 26}).members())
      before[name] = value.as<std::string>();
  } catch (const InputError&) { before.clear(); }
  std::string differences;
  for (const auto& [name, now] : identity(model, o, model_hash)) {
    const std::string& was = before[name];
    if (was == now) continue;
    const bool brief = was.size() + now.size() < 60 && !was.empty();
    differences += fmt::format(
        "{}{}", differences.empty() ? "" : ", ",
        brief ? fmt::format("{} was {} and is {}", name, was, now) : fmt::format("other {}", name));
  }
  return differences.empty()
             ? fmt::format("anchor pictures in {} are used again", display(o.folder))
             : fmt::format("anchor pictures in {} were made otherwise ({}) and are made again",
                           display(o.folder), differences);
}

}  // namespace lacuna
