// Prints what Mesa's compiler for AMD GPUs makes of every kernel variant, one a line; no GPU is
// needed. scripts/kernel-table writes the result where tests/kernels/ compares it.
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "tools/kernel_stats/variants.h"

using namespace lacuna;

namespace {

struct Column {
  const char *name, *statistic;  // the latter as RADV calls it
};
constexpr Column columns[] = {{"wave", "Subgroup size"},
                              {"VGPRs", "VGPRs"},
                              {"SGPRs", "SGPRs"},
                              {"vspill", "Spilled VGPRs"},
                              {"sspill", "Spilled SGPRs"},
                              {"LDS", "LDS size"},
                              {"scratch", "Scratch size"},
                              {"waves", "Subgroups per SIMD"},
                              {"cost", "Inverse Throughput"},
                              {"bytes", "Code size"}};

double value_of(const std::vector<Statistic>& all, const char* name) {
  for (const Statistic& s : all)
    if (s.name == name) return s.value;
  throw DeviceError("[kernel_stats] the driver does not tell '{}'; RADV does", name);
}

void print_table() {
  // Mesa cannot close a device that is not there, so nobody does.
  Device* const device =
      Device::open(
          {.selector = "RADV", .pipeline_cache = false, .count_only = true, .statistics = true})
          .release();
  fmt::print(
      "# {}: {}; {}\n# scripts/kernel-table makes this file and tests/kernels/ explains it.\n",
      device->info().name, device->info().driver, LACUNA_SHADER_COMPILERS);
  const auto begin = [](std::string_view kernel, std::string_view type,
                        std::string_view constants) {
    fmt::print("{:<26} {:<7} {:<24}", kernel, type, constants);
  };
  begin("# kernel", "type", "constants");
  for (const Column& c : columns) fmt::print(" {:>7}", c.name);
  fmt::print("  largest use\n");
  std::fflush(stdout);  // should the driver crash, its version is known
  for (const Variant& v : sd15_variants(*device)) {
    const std::vector<Statistic> all = device->statistics(v.dispatch);
    begin(v.dispatch.kernel->name, v.dispatch.variant->type, constants_of(v));
    for (const Column& c : columns) fmt::print(" {:>7.0f}", value_of(all, c.statistic));
    fmt::print("  {}\n", v.use);
  }
}

}  // namespace

int main() {
  // A device that compiles and runs nothing, of this family unless the user names another.
  setenv("RADV_FORCE_FAMILY", "navi21", 0);
  try {
    print_table();
    std::fflush(stdout);
    std::_Exit(0);  // a sanitizer would miss the device
  } catch (const Error& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.exit_status();
  }
}
