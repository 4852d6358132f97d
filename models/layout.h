// Weight layouts: as checkpoints store them (PyTorch) and as kernels read them.
//
//   linear   [out, in]            <-> [in, out]           a K x N matrix, outputs contiguous
//   conv2d   [out, in, kh, kw]    <-> [kh, kw, in, out]   the same matrix for an implicit product
//   others   unchanged
// The one pair of functions that load and save go through; tests/models/layout.cpp goes round.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lacuna {

enum class Layout : uint8_t { plain, linear, conv2d };

// `shape` is the checkpoint's. A 1x1 convolution may be loaded as linear: its shape then has four
// axes.
void to_engine_layout(Layout layout, std::span<const int64_t> shape, std::span<const float> from,
                      std::span<float> to);
void to_checkpoint_layout(Layout layout, std::span<const int64_t> shape,
                          std::span<const float> from, std::span<float> to);

// Images: [C,H,W] as PyTorch, random generators and files order them, [H,W,C] as kernels read them.
void to_channels_last(std::span<const float> from, int64_t channels, std::span<float> to);
// The same behind what `to` holds: one entry of a batch after the other.
void append_channels_last(std::vector<float>& to, std::span<const float> from, int64_t channels);
std::vector<float> to_channels_first(std::span<const float> from, int64_t channels);

}  // namespace lacuna
