#include "models/layout.h"

#include <algorithm>

namespace lacuna {
namespace {

// Calls f(checkpoint index, engine index) for each element.
template <typename F>
void for_each_pair(Layout layout, std::span<const int64_t> shape, F f) {
  const int64_t out = shape[0], in = shape[1];
  const int64_t taps = layout == Layout::conv2d ? shape[2] * shape[3] : 1;
  for (int64_t o = 0; o < out; o++)
    for (int64_t i = 0; i < in; i++)
      for (int64_t t = 0; t < taps; t++) f((o * in + i) * taps + t, (t * in + i) * out + o);
}

}  // namespace

void to_engine_layout(Layout layout, std::span<const int64_t> shape, std::span<const float> from,
                      std::span<float> to) {
  if (layout == Layout::plain) {
    std::copy(from.begin(), from.end(), to.begin());
    return;
  }
  for_each_pair(layout, shape, [&](int64_t c, int64_t e) { to[e] = from[c]; });
}

void to_checkpoint_layout(Layout layout, std::span<const int64_t> shape,
                          std::span<const float> from, std::span<float> to) {
  if (layout == Layout::plain) {
    std::copy(from.begin(), from.end(), to.begin());
    return;
  }
  for_each_pair(layout, shape, [&](int64_t c, int64_t e) { to[c] = from[e]; });
}

void to_channels_last(std::span<const float> from, int64_t channels, std::span<float> to) {
  const int64_t pixels = static_cast<int64_t>(from.size()) / channels;
  for (int64_t c = 0; c < channels; c++)
    for (int64_t p = 0; p < pixels; p++) to[p * channels + c] = from[c * pixels + p];
}

void append_channels_last(std::vector<float>& to, std::span<const float> from, int64_t channels) {
  const size_t begin = to.size();
  to.resize(begin + from.size());
  to_channels_last(from, channels, std::span(to).subspan(begin));
}

std::vector<float> to_channels_first(std::span<const float> from, int64_t channels) {
  const int64_t pixels = static_cast<int64_t>(from.size()) / channels;
  std::vector<float> to(from.size());
  for (int64_t c = 0; c < channels; c++)
    for (int64_t p = 0; p < pixels; p++) to[c * pixels + p] = from[p * channels + c];
  return to;
}

}  // namespace lacuna
