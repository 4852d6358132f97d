// The headings of --help and of the viewer's form, by what people ask.
#pragma once

namespace lacuna::group {

inline constexpr const char* what = "What to erase";
inline constexpr const char* keep = "What to keep";
inline constexpr const char* strength = "How long and how strong";
inline constexpr const char* where = "Where in the picture";
inline constexpr const char* weights = "Which weights";
inline constexpr const char* examples = "What it trains on";
inline constexpr const char* output = "Output";
inline constexpr const char* model = "Model and device";

}  // namespace lacuna::group
