#include "tools/kernel_stats/variants.h"

#include <map>
#include <set>
#include <tuple>

#include "base/error.h"
#include "engine/gradients.h"
#include "engine/ops.h"
#include "engine/passes.h"
#include "engine/peak.h"
#include "erase/trainables.h"
#include "models/denoiser.h"
#include "models/text/clip_text.h"
#include "models/unet.h"
#include "models/vae.h"
#include "shaders/kernel.h"

namespace lacuna {
namespace {

constexpr LatentSize latents{64, 64};
constexpr int64_t factor = 8, context = 77;

std::string text_of(const Specialization& s) {
  std::string text;
  for (uint32_t i = 0; i < s.count; i++) text += (i ? "," : "") + std::to_string(s.words[i]);
  return text.empty() ? "-" : text;
}

std::string shapes_of(const Node& n) {
  std::string text = n.op->name;
  if (!n.inputs.empty()) text += " " + n.in(0).str();
  if (!n.outputs.empty()) text += " -> " + n.out().str();
  return text;
}

class Collector {
 public:
  explicit Collector(const DeviceTraits& traits) : traits_(traits) {}

  void add(const char* program, const Graph& g) {
    for (const Dispatch& d : lower(g, prune(g), traits_, [](uint32_t) { return uint64_t{0}; })) {
      const double groups = double{1} * d.groups.x * d.groups.y * d.groups.z;
      const auto key =
          std::tuple(std::string(d.kernel->name), name_of(d.type), text_of(d.specialization));
      Found& found = found_[key];
      if (groups <= found.groups) continue;
      found = {{d, std::string(program) + " " + shapes_of(g.nodes()[d.node])}, groups};
    }
  }

  std::vector<Variant> take() {
    std::set<std::pair<std::string_view, std::string_view>> used;
    std::vector<Variant> all;
    for (auto& [key, found] : found_) {
      used.emplace(std::get<0>(key), std::get<1>(key));
      all.push_back(std::move(found.variant));
    }
    std::string missing;
    for (const Kernel* kernel : all_kernels())
      for (const KernelVariant& v : kernel->variants)
        if (kernel->name.find("lanes") == std::string_view::npos &&
            !used.contains({kernel->name, v.type}))
          missing += fmt::format(" {} {},", kernel->name, v.type);
    if (missing.empty()) return all;
    missing.pop_back();
    throw InputError(
        "[kernel_stats] no graph of tools/kernel_stats/variants.cpp uses{}; add one there",
        missing);
  }

 private:
  struct Found {
    Variant variant;
    double groups = 0;
  };
  DeviceTraits traits_;
  std::map<std::tuple<std::string, std::string, std::string>, Found> found_;
};

void train(Collector& c, Device& device, const WeightStore& store, int64_t rank,
           const std::function<Tensor(Graph&)>& predict) {
  std::vector<std::string> names;
  for (const auto& [name, parameter] : store.loaded()) names.push_back(name);
  const Trainables trainables(device, store, names, rank, 0);
  Graph gradient;
  trainables.replace(gradient);
  const Tensor y = predict(gradient);
  const Loss loss =
      mse(y, gradient.input("target", y.shape()), gradient.input("weight", {y.shape()[0]}));
  gradient.output("loss", loss.total);
  gradient.output("each", loss.each);
  trainables.add_gradients(gradient, loss.total, 0.5f);
  c.add(rank > 0 ? "train LoRA" : "train", gradient);
  for (const bool decoupled : {false, true}) {
    Graph update;
    update.output("norm", trainables.update(update, update.input("step", {8}), decoupled));
    c.add("update", update);
  }
}

void text(Collector& c, Device& device, DType type) {
  WeightStore store(device, type);
  for (const bool quick : {true, false}) {
    const ClipText model(Weights(store), {.quick_gelu = quick});
    const auto states = [&](Graph& g) { return model(g.input("ids", {1, context}, DType::i32)); };
    Graph g;
    g.output("states", cast(states(g), DType::f32));
    c.add("text", g);
    train(c, device, store, 0, states);
  }
}

void unet(Collector& c, Device& device, DType type) {
  WeightStore store(device, type);
  const UNet model(Weights(store), {});
  const auto predict = [&](Graph& g, int64_t batch) {
    const Denoiser denoiser(model, type, batch, latents);
    return denoiser.predict(denoiser.in(g, context));
  };
  Graph g;  // with guidance: two predictions at a time
  g.output("epsilon", cast(predict(g, 2), DType::f32));
  c.add("sample", g);
  for (const int64_t rank : {0, 4})
    train(c, device, store, rank, [&](Graph& graph) { return predict(graph, 1); });
}

void vae(Collector& c, Device& device, DType type) {
  WeightStore store(device, type);
  const VaeConfig config;
  const auto image = [&](Graph& g, int64_t each, int64_t channels) {
    return cast(g.input("image", {1, latents.height * each, latents.width * each, channels}), type);
  };
  Graph decoding;
  const VaeDecoder decoder(Weights(store), config);
  const Tensor pixels = cast(decoder(image(decoding, 1, config.latent_channels)), DType::f32);
  decoding.output("pixels", pixels);
  decoding.output("rgba", rgba8(pixels));
  c.add("decode", decoding);
  Graph encoding;
  const VaeEncoder encoder(Weights(store), config);
  const Tensor moments = encoder(image(encoding, factor, config.in_channels));
  encoding.output("mean", cast(slice(moments, 0, config.latent_channels), DType::f32));
  c.add("encode", encoding);
}

// What no program of today needs, at shapes of the UNet.
void others(Collector& c, DType type) {
  Graph g;
  const auto tokens = [&](const char* name, int64_t columns) {
    return cast(g.input(name, {1, latents.height * latents.width, columns}), type);
  };
  const Tensor x = tokens("x", 640), y = tokens("y", 320), z = tokens("z", context);
  const Tensor sum = add(slice(x, 0, 320), y), probabilities = softmax(z);
  g.output("sum", sum);
  g.output("probabilities", probabilities);
  g.output("dx", gradients(sum, g.input("dsum", sum.shape()), {&x, 1}).front());
  g.output("dz", gradients(probabilities, g.input("dp", z.shape()), {&z, 1}).front());
  // Concept Ablation's: keys without the start token's gradient, a target of the same model, and
  // rows of the table of tokens.
  const Tensor keys = detach_tokens(y, 1), table = cast(g.input("table", {49408, 768}), type),
               rows = cast(g.input("rows", {2, 768}), type),
               replaced = replace_rows(table, g.input("ids", {2}, DType::i32), rows);
  g.output("keys", keys);
  g.output("target", detach(y));
  g.output("replaced", replaced);
  g.output("dkeys", gradients(keys, g.input("dk", keys.shape()), {&y, 1}).front());
  g.output("drows", gradients(replaced, g.input("dr", replaced.shape()), {&rows, 1}).front());
  if (type == DType::f32) {  // what kernels are measured against
    g.output("fma", multiply_adds(g.input("a", {latents.height, latents.width, 320}), 512));
    g.output("copy", copy(g.input("b", {latents.height, latents.width, 320})));
  }
  c.add("other", g);
}

}  // namespace

std::string constants_of(const Variant& v) { return text_of(v.dispatch.specialization); }

std::vector<Variant> sd15_variants(Device& device) {
  Collector collector(device.traits());
  for (const DType type : {DType::f32, DType::f16}) {
    text(collector, device, type);
    unet(collector, device, type);
    vae(collector, device, type);
    others(collector, type);
  }
  return collector.take();
}

}  // namespace lacuna
