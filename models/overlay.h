#pragma once

#include <functional>

#include "engine/graph.h"

namespace lacuna {

// Called before a model is traced: names the parameters to be replaced (Graph::replace), so that an
// edited model shares every frozen byte with the original. An empty one is the original.
using Overlay = std::function<void(Graph&)>;

}  // namespace lacuna
