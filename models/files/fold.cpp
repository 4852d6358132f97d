#include "models/files/fold.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/file.h"

namespace lacuna {
namespace {

using Tensors = std::span<const std::vector<float>>;

void check_channels(const TensorFile& file, const std::string& name, size_t channels) {
  const TensorFile::Entry& entry = file.at(name);
  if (entry.count() != channels)
    throw InputError("[weights] {}: '{}' has {} values and the convolution before it {} channels",
                     display(file.path()), name, entry.count(), channels);
}

}  // namespace

void fold_batch_norm(WeightStore& store, const std::string& convolution, const std::string& norm,
                     float eps) {
  const std::string weight = convolution + ".weight", bias = convolution + ".bias";
  const std::vector<int64_t> shape = store.file().at(weight).shape;
  const auto channels = static_cast<size_t>(shape.empty() ? 0 : shape[0]);
  for (const char* end : {".weight", ".bias", ".running_mean", ".running_var"})
    check_channels(store.file(), norm + end, channels);
  const bool has_bias = store.file().find(bias) != nullptr;
  const auto factor = [eps](float scale, float variance) {
    return scale / std::sqrt(double{variance} + eps);
  };
  if (has_bias) check_channels(store.file(), bias, channels);

  const auto folded_weight = [=](Tensors t) {  // weight, scale, variance
    std::vector<float> folded = t[0];
    const size_t each = folded.size() / std::max<size_t>(channels, 1);
    for (size_t i = 0; i < folded.size(); i++)
      folded[i] = static_cast<float>(folded[i] * factor(t[1][i / each], t[2][i / each]));
    return folded;
  };
  store.derive(weight, {shape, {weight, norm + ".weight", norm + ".running_var"}, folded_weight});

  const auto folded_bias = [=](Tensors t) {  // scale, variance, mean, shift, and the bias if any
    std::vector<float> folded(t[0].size());
    for (size_t i = 0; i < folded.size(); i++) {
      const double before = has_bias ? t[4][i] : 0;
      folded[i] = static_cast<float>((before - t[2][i]) * factor(t[0][i], t[1][i]) + t[3][i]);
    }
    return folded;
  };
  std::vector<std::string> from = {norm + ".weight", norm + ".running_var", norm + ".running_mean",
                                   norm + ".bias"};
  if (has_bias) from.push_back(bias);
  store.derive(bias, {{static_cast<int64_t>(channels)}, std::move(from), folded_bias});
}

}  // namespace lacuna
