// Charts in the window: a run's losses, and bars of layers.
#pragma once

#include <imgui.h>

#include <span>

#include "erase/run_folder.h"
#include "viewer/vulkan/pictures.h"
#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

// The losses as a pale line with their running mean on top, up to iteration `last`; hovering shows
// the values.
void plot_losses(const Area& area, std::span<const LossRecord> losses, int64_t last);

// A bar for each, the largest first, in the current child window, which scrolls.
void plot_layers(std::span<const LayerChange> layers);

}  // namespace lacuna::viewer
