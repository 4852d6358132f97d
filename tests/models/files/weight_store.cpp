// Weights that no file holds as a model reads them, and types per parameter.
#include "models/files/weight_store.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>

#include "base/error.h"
#include "base/rng.h"
#include "base/tensors/safetensors.h"
#include "models/files/fold.h"
#include "models/files/model_files.h"
#include "tests/device.h"
#include "tests/temporary.h"

using namespace lacuna;
using namespace lacuna::test;
using lacuna::tests::TemporaryFolder;

namespace {

using Values = std::vector<float>;

TensorToWrite tensor(const std::string& name, std::vector<int64_t> shape, const Values& values,
                     FileDType dtype = FileDType::f32) {
  return {name, dtype, std::move(shape),
          [=](std::span<std::byte> bytes) { bytes_from_floats(values, dtype, bytes); }};
}

Values random(Rng& rng, size_t count, float low, float high) {
  Values values(count);
  for (float& v : values) v = low + (high - low) * rng.uniform();
  return values;
}

TensorFile written(const TemporaryFolder& folder, std::vector<TensorToWrite> tensors) {
  write_safetensors(folder / "w.safetensors", std::move(tensors), {}, Overwrite::yes);
  return TensorFile::open(folder / "w.safetensors");
}

}  // namespace

TEST_CASE("a batch norm folded into the convolution before it gives the same numbers" *
          needs_device()) {
  constexpr int64_t out = 5, in = 3, k = 3;
  constexpr size_t patch = in * k * k;
  constexpr float eps = 1e-3f;
  Rng rng(RngKind::torch, 1);
  const Values weight = random(rng, out * patch, -1, 1), bias = random(rng, out, -1, 1);
  const Values scale = random(rng, out, 0.5f, 2), shift = random(rng, out, -1, 1);
  const Values mean = random(rng, out, -1, 1), variance = random(rng, out, 0.1f, 3);
  const Values x = random(rng, patch, -1, 1);  // what one output of each channel sees
  for (const bool with_bias : {true, false}) {
    const TemporaryFolder folder;
    std::vector<TensorToWrite> tensors = {tensor("features.0.weight", {out, in, k, k}, weight),
                                          tensor("features.1.weight", {out}, scale),
                                          tensor("features.1.bias", {out}, shift),
                                          tensor("features.1.running_mean", {out}, mean),
                                          tensor("features.1.running_var", {out}, variance)};
    if (with_bias) tensors.push_back(tensor("features.0.bias", {out}, bias));
    WeightStore store(device(), written(folder, tensors), DType::f32);
    fold_batch_norm(store, "features.0", "features.1", eps);
    const Weights w = Weights(store)["features"][0];
    CHECK(w.has("bias"));
    const Parameter kernel = w.kernel("weight", in, out, k), shifted = w.vector("bias", out);
    CHECK(kernel.type.shape == Shape{k, k, in, out});
    Values folded(weight.size());
    to_checkpoint_layout(kernel.layout, kernel.shape, store.values(kernel), folded);
    const Values folded_bias = store.values(shifted);
    for (size_t o = 0; o < out; o++) {
      double original = with_bias ? bias[o] : 0, ours = folded_bias[o];
      for (size_t i = 0; i < patch; i++) {
        original += double{weight[o * patch + i]} * x[i];
        ours += double{folded[o * patch + i]} * x[i];
      }
      original = (original - mean[o]) / std::sqrt(variance[o] + double{eps}) * scale[o] + shift[o];
      CHECK(ours == doctest::Approx(original).epsilon(1e-6));
    }
  }
  const TemporaryFolder folder;
  WeightStore store(device(),
                    written(folder, {tensor("c.weight", {2, 1, 1, 1}, {1, 2}),
                                     tensor("n.weight", {3}, {1, 2, 3})}),
                    DType::f32);
  CHECK_THROWS_WITH_AS(fold_batch_norm(store, "c", "n", eps), doctest::Contains("3 values"),
                       InputError);
}

TEST_CASE("8-bit weights are multiplied with their scale, whole numbers by value" *
          needs_device()) {
  const TemporaryFolder folder;
  const auto bytes = [](std::vector<int8_t> values) {
    return [=](std::span<std::byte> to) { std::memcpy(to.data(), values.data(), values.size()); };
  };
  WeightStore store(
      device(),
      written(folder, {tensor("a.weight", {2, 2}, {1, -2, 0.5f, 448}, FileDType::f8_e4m3),
                       tensor("a.scale", {}, {0.25f}),
                       {"b.quantised", FileDType::i8, {2, 2}, bytes({-128, 1, 0, 127})},
                       tensor("b.scale", {2}, {2, 4})}),
      DType::f32);
  store.derive("a.weight", {{2, 2}, {"a.weight", "a.scale"}, [](auto t) {
                              Values v = t[0];
                              for (float& x : v) x *= t[1][0];
                              return v;
                            }});
  store.derive("b.weight", {{2, 2}, {"b.quantised", "b.scale"}, [](auto t) {  // a scale per row
                              Values v = t[0];
                              for (size_t i = 0; i < v.size(); i++) v[i] *= t[1][i / 2];
                              return v;
                            }});
  const Weights w(store);
  CHECK(store.values(w["a"].table("weight", 2, 2)) == Values{0.25f, -0.5f, 0.125f, 112});
  CHECK(store.values(w["b"].table("weight", 2, 2)) == Values{-256, 2, 0, 508});
  CHECK(store.values(w["b"].matrix("weight", 2, 2)) == Values{-256, 2, 0, 508});  // loaded already
  CHECK_THROWS_WITH_AS(w["b"].table("quantised", 2, 2), doctest::Contains("has the type I8"),
                       InputError);

  store.derive("c.weight", {{3}, {"b.scale"}, [](auto t) { return t[0]; }});
  CHECK_THROWS_WITH_AS(w["c"].vector("weight", 2), doctest::Contains("'c.weight' is 3"),
                       InputError);
  CHECK_THROWS_WITH_AS(w["c"].vector("weight", 3), doctest::Contains("computed with 2 values"),
                       InputError);
  store.derive("d.weight", {{2}, {"missing"}, [](auto t) { return t[0]; }});
  CHECK_THROWS_WITH_AS(w["d"].vector("weight", 2), doctest::Contains("no tensor 'missing'"),
                       InputError);
}

TEST_CASE("each parameter is kept in its storage type" * needs_device()) {
  if (!device().traits().storage16) return;
  const TemporaryFolder folder;
  const auto rule = [](std::string_view, Layout layout) {
    return layout == Layout::plain ? DType::f32 : DType::f16;
  };
  WeightStore store(device(),
                    written(folder, {tensor("a.weight", {2, 2}, {1, 2, 3, 1 + 0x1p-20f}),
                                     tensor("a.bias", {2}, {1 + 0x1p-20f, 70000})}),
                    DType::f16, rule);
  const Weights w = Weights(store)["a"];
  const Parameter matrix = w.matrix("weight", 2, 2), bias = w.vector("bias", 2);
  CHECK(matrix.type.dtype == DType::f16);
  CHECK(bias.type.dtype == DType::f32);
  CHECK(store.dtype() == DType::f16);
  std::vector<Buffer> buffers;
  const Values moved = {5, 70001};
  const uint64_t address = store.upload_beside(buffers, bias, moved);
  CHECK(address == buffers.back().address());
  Values back(2);
  device().download(buffers.back(), 0, std::as_writable_bytes(std::span(back)));
  CHECK(back == moved);
  CHECK_THROWS_WITH_AS(store.upload_beside(buffers, matrix, Values{0, 0, 0, 70001}),
                       doctest::Contains("too large for 16-bit floats"), InputError);
}

TEST_CASE("a model of scaled 8-bit floats is refused, not drawn with wrong weights") {
  const TemporaryFolder folder;
  write_safetensors(folder / "m.safetensors",
                    {tensor("model.diffusion_model.out.2.bias", {4}, Values(4)),
                     tensor("model.diffusion_model.out.2.scale_weight", {}, {1})},
                    {}, Overwrite::no);
  CHECK_THROWS_WITH_AS(open_weights(folder / "m.safetensors", ModelPart::unet),
                       doctest::Contains("scaled 8-bit floats"), InputError);
}
