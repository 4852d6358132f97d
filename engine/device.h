// Device: one Vulkan device with its compute queue, pipelines and pipeline cache; outlives
// everything else. Buffer: device memory with an address; move-only.
//
// Needs Vulkan 1.2 with bufferDeviceAddress and scalarBlockLayout, nothing vendor-specific. All
// errors are DeviceError. Not thread-safe: one thread uses a device at a time, beside a thread that
// draws with it through engine/vulkan/handles.h and may destroy buffers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/recorder.h"

namespace lacuna {

struct DeviceInfo {
  int index = 0;       // what --device takes
  std::string name;    // such as "llvmpipe (LLVM 15.0.6, 256 bits)"
  std::string kind;    // "discrete GPU", "integrated GPU", "virtual GPU", "CPU", "other"
  std::string driver;  // name and version
  std::string api;     // such as "1.4.305"
  uint64_t memory_bytes = 0;
  std::string unusable;  // why lacuna cannot run on it; empty when it can
};

// Every device that the Vulkan loader reports. Throws DeviceError if there is no loader at all.
std::vector<DeviceInfo> list_devices();

struct DeviceOptions {
  // A number, a part of a name in any case, or empty for the best: discrete GPU, integrated GPU,
  // others, CPU. The environment variable LACUNA_DEVICE stands in for an empty selector.
  std::string selector;
  bool validation = false;        // the Khronos layer with synchronization validation
  bool pipeline_cache = true;     // keep compiled pipelines in the user's cache folder
  bool tuning = true;             // start with what `lacuna tune` has stored there for this device
  const Tuning* table = nullptr;  // use these choices instead; must outlive the device
  // Buffers are counted and not made: plans are compiled but cannot run, and peak_bytes() says what
  // a real run of the same steps would need.
  bool count_only = false;
  bool statistics = false;  // statistics() will be asked for
  // For a program that also draws on the device (engine/vulkan/handles.h): instance extensions that
  // it needs, device extensions that are enabled if the device has them.
  std::vector<std::string> instance_extensions, device_extensions;
};

// What a driver's compiler says of a kernel, such as "VGPRs" 80. Names are the driver's.
struct Statistic {
  std::string name;
  double value = 0;
};

enum class Memory : uint8_t {
  device,    // fastest for kernels; the host reaches it through upload and download
  upload,    // host-visible, written by the host
  download,  // host-visible and cached if possible, read by the host
};

class Buffer;

class Device {
 public:
  static std::unique_ptr<Device> open(const DeviceOptions& options = {});
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceInfo& info() const;
  const DeviceTraits& traits() const;
  bool count_only() const;
  // Largest single allocation that may be asked for.
  uint64_t max_allocation() const;
  // Bytes of all live buffers and their highest sum so far.
  uint64_t allocated_bytes() const;
  uint64_t peak_bytes() const;

  void upload(const Buffer& buffer, uint64_t offset, std::span<const std::byte> data);
  void download(const Buffer& buffer, uint64_t offset, std::span<std::byte> data);

  // The dispatch's kernel as the driver compiles it, for a device opened with `statistics`.
  std::vector<Statistic> statistics(const Dispatch& dispatch);

  // What the validation layer has reported so far; tests demand that it stays empty.
  const std::vector<std::string>& validation_messages() const;
  // Where the measured choices of this device and driver are kept; empty if nothing is cached.
  const std::filesystem::path& tuning_file() const;
  // Writes the pipeline cache to disk now; the destructor does it too.
  void save_pipeline_cache();

  struct Impl;  // engine/vulkan/device_impl.h; only engine/ looks inside
  Impl& impl() { return *impl_; }

 private:
  explicit Device(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Buffer {
 public:
  Buffer() = default;
  // Throws DeviceError when the device has no room; `what` names the buffer in the message.
  Buffer(Device& device, uint64_t bytes, Memory memory, const char* what);
  ~Buffer();
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;

  uint64_t address() const { return address_; }
  uint64_t bytes() const { return bytes_; }
  // Host address of the whole buffer, or null when the host cannot see it.
  std::byte* mapped() const { return mapped_; }
  uint64_t handle() const { return handle_; }  // VkBuffer, for engine/vulkan

 private:
  Device* device_ = nullptr;
  uint64_t handle_ = 0;
  uint64_t memory_ = 0;
  uint64_t address_ = 0;
  uint64_t bytes_ = 0;
  std::byte* mapped_ = nullptr;
};

}  // namespace lacuna
