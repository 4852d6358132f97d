#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "cli/verbs.h"
#include "engine/device.h"
#include "erase/groups.h"

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

class Devices : public Verb {
 public:
  Devices() : Verb("devices", "List the Vulkan devices, and why one cannot be used") {
    fields.group(group::output);
    fields.add("json", json_, "Print one JSON object a line");
  }

  void run() override {
    const std::vector<DeviceInfo> devices = list_devices();
    if (json_)
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
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Verb> devices_verb() { return std::make_unique<Devices>(); }

}  // namespace lacuna
