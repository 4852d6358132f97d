#include "cli/erase_output.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "engine/error.h"
#include "engine/file.h"

namespace lacuna {

void check_edit_output(const std::filesystem::path& file, bool may_replace) {
  if (file.extension() != ".safetensors")
    throw InputError("[erase] --out {} must end in .safetensors", display(file));
  if (std::filesystem::exists(file) && !may_replace)
    throw InputError("[erase] {} exists already; choose another --out, or use --force",
                     display(file));
  if (file.has_parent_path()) make_folder(file.parent_path());
}

FileDType parse_edit_type(std::string_view name) {
  if (name == "f16") return FileDType::f16;
  if (name == "f32") return FileDType::f32;
  throw InputError("[erase] --save-type '{}' is unknown; choose f16 or f32", name);
}

void write_edit(const std::filesystem::path& file, Trainables& trainables, FileDType type,
                const SafeTensors::Metadata& metadata) {
  const std::vector<Trainables::Export> exported = trainables.exported();
  std::vector<TensorToWrite> tensors;
  for (const Trainables::Export& e : exported)
    tensors.push_back({e.name, type, e.shape, [&e, type](std::span<std::byte> bytes) {
                         bytes_from_floats(e.values, type, bytes);
                       }});
  write_safetensors(file, std::move(tensors), metadata, Overwrite::yes);
}

void report_memory_plan(const Device& device, const StableDiffusion& model,
                        const Trainables& trainables, const Placement& training, bool json) {
  const double mib = 1048576.0;
  uint64_t state = 0;
  for (const auto& [name, elements] : trainables.state_sizes())
    state += static_cast<uint64_t>(elements) * 4;
  state += state / 3;  // gradients
  if (json) {
    const nlohmann::json event = {{"event", "plan"},
                                  {"peak_bytes", device.peak_bytes()},
                                  {"weight_bytes", model.weight_bytes()},
                                  {"training_state_bytes", state},
                                  {"arena_bytes", training.arena_bytes}};
    std::printf("%s\n", event.dump().c_str());
    return;
  }
  fmt::print("{:>10.1f} MiB  weights of the model\n", model.weight_bytes() / mib);
  fmt::print("{:>10.1f} MiB  masters, gradients and Adam's moments\n", state / mib);
  fmt::print("{:>10.1f} MiB  intermediate results of an iteration ({:.1f} MiB of tensors)\n",
             training.arena_bytes / mib, training.tensor_bytes / mib);
  fmt::print("{:>10.1f} MiB  at most on the device, of {:.0f} MiB\n", device.peak_bytes() / mib,
             device.info().memory_bytes / mib);
}

}  // namespace lacuna
