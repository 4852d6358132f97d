// Training pictures of a low-level concept, made from a formula: flat colours, shapes, textures.
//
//   flat:red               plain fields of the colour, from dark to light
//   shape:circle           a circle in the colours of the list, on plain backgrounds
//   shape:circle:red       the same in shades of one colour
//   texture:stripes        stripes in the colours of the list; texture:stripes:red in shades of one
//
// Colours are names of the list or #rrggbb.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "pictures/image.h"

namespace lacuna {

// `count` pictures, all different, as a function of the arguments alone. Throws InputError with
// what is known where `what` is not.
std::vector<Image> made_images(std::string_view what, int width, int height, int64_t count,
                               uint64_t seed);

// "flat:COLOUR, shape:circle|square|...": for help texts.
std::string made_images_help();

}  // namespace lacuna
