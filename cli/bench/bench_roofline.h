// The roofline of a device with its kernels, as an image (Williams, Waterman and Patterson 2009):
// intensity in flop per byte against GFLOP a second.
#pragma once

#include <filesystem>
#include <string>

#include "cli/bench/bench_report.h"
#include "pictures/image.h"

namespace lacuna {

// Throws InputError if the file is no .png or exists and may not be replaced; makes its folder.
void check_roofline_output(const std::filesystem::path& file, bool may_replace);

// A dot for each kernel whose flop are counted, full in f32 and hollow in f16, with a number that
// the key below the axes explains.
Image draw_roofline(const BenchReport& report, const std::string& device);
void write_roofline(const std::filesystem::path& file, const BenchReport& report,
                    const std::string& device);

}  // namespace lacuna
