// Options that are numbers, refused by name where they lie outside their range.
#pragma once

#include "base/error.h"

namespace lacuna {

// "[where] --option 7 is out of range; 1 is usual". NaN lies outside every range.
inline void check_range(const char* where, const char* option, double value, double least,
                        double most, const char* usual) {
  if (!(value >= least && value <= most))
    throw InputError("[{}] {} {:g} is out of range; {}", where, option, value, usual);
}

}  // namespace lacuna
