#include "cli/devices.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "engine/device.h"

namespace lacuna {
namespace {

void print_json(const std::vector<DeviceInfo>& devices) {
  for (const DeviceInfo& d : devices)
    fmt::print("{}\n", nlohmann::json{{"index", d.index},
                                      {"name", d.name},
                                      {"kind", d.kind},
                                      {"driver", d.driver},
                                      {"vulkan", d.api},
                                      {"memory_bytes", d.memory_bytes},
                                      {"usable", d.unusable.empty()},
                                      {"why_not", d.unusable}}
                           .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void print_text(const std::vector<DeviceInfo>& devices) {
  for (const DeviceInfo& d : devices) {
    fmt::print("{}  {}\n   {}, {:.1f} GiB, Vulkan {}, {}\n", d.index, d.name, d.kind,
               d.memory_bytes / 1073741824.0, d.api, d.driver);
    if (!d.unusable.empty()) fmt::print("   cannot be used: {}\n", d.unusable);
  }
}

}  // namespace

void add_devices(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("devices", "List the Vulkan devices, and why one cannot be used");
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "One JSON object a line");
  command->callback([json] {
    const std::vector<DeviceInfo> devices = list_devices();
    if (*json)
      print_json(devices);
    else
      print_text(devices);
    for (const DeviceInfo& d : devices)
      if (d.unusable.empty()) return;
    throw DeviceError(
        "[device] none of the {} Vulkan devices can be used; update the drivers, or install the "
        "software driver "
        "(Debian and Ubuntu: apt install mesa-vulkan-drivers)",
        devices.size());
  });
}

}  // namespace lacuna
