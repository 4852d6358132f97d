#include "tests/device.h"

#include <cstdio>
#include <memory>

#include "base/error.h"

namespace lacuna::test {
namespace {

struct Opened {
  std::unique_ptr<Device> device;
  bool validation = false;

  Opened() {
    try {
      device = Device::open({.validation = true, .pipeline_cache = false, .tuning = false});
      validation = true;
      return;
    } catch (const Error& error) {
      std::fprintf(stderr, "tests run without validation: %s\n", error.what());
    }
    try {
      device = Device::open({.pipeline_cache = false, .tuning = false});
    } catch (const Error& error) {
      std::fprintf(stderr, "tests that need a device are skipped: %s\n", error.what());
    }
  }
};

Opened& opened() {
  static Opened once;
  return once;
}

}  // namespace

Device& device() {
  if (!opened().device) throw DeviceError("[test] there is no device: add needs_device()");
  return *opened().device;
}

doctest::skip needs_device() { return doctest::skip(!opened().device); }
doctest::skip needs_validation() { return doctest::skip(!opened().validation); }

}  // namespace lacuna::test
