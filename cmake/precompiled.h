// What nearly every source reads (lacuna_precompile in cmake/Layer.cmake). Sources include what
// they use all the same: -DLACUNA_PRECOMPILE=OFF builds without this file.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
