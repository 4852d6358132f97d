#include "jobs/erase/erase_output.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "base/tensors/safetensors.h"
#include "erase/edits/edit.h"

namespace lacuna {

void check_edit_output(const std::filesystem::path& file, bool may_replace) {
  check_output("erase", file, may_replace);
}

void check_output(const char* verb, const std::filesystem::path& file, bool may_replace) {
  if (file.extension() != ".safetensors")
    throw InputError("[{}] the name {} must end in .safetensors", verb, display(file));
  if (std::filesystem::exists(file) && !may_replace)
    throw InputError("[{}] {} exists already; choose another name, or use {}", verb, display(file),
                     option("force"));
  if (file.has_parent_path()) make_folder(file.parent_path());
}

std::filesystem::path run_folder_of(const std::filesystem::path& out) {
  std::filesystem::path name = out.stem();
  return out.parent_path() / (name += ".run");
}

std::span<const Word> edit_types() {
  static constexpr Word all[] = {{"f16", FileDType::f16}, {"f32", FileDType::f32}};
  return all;
}

TensorFile::Metadata edit_metadata(const std::string& method, const std::string& base_hash,
                                   const std::string& base_name,
                                   const std::map<std::string, std::string>& options) {
  TensorFile::Metadata metadata = {{edit_key::software, "lacuna " LACUNA_VERSION},
                                   {edit_key::method, method},
                                   {edit_key::base_hash, base_hash},
                                   {edit_key::base_name, base_name}};
  for (const auto& [key, value] : options)
    if (!value.empty()) metadata[edit_key::options + key] = value;
  return metadata;
}

void write_edit(const std::filesystem::path& file, std::span<const Trainables::Export> tensors,
                FileDType type, const TensorFile::Metadata& metadata) {
  std::vector<TensorToWrite> written;
  for (const Trainables::Export& t : tensors)
    written.push_back({t.name, type, t.shape, [&t, type](std::span<std::byte> bytes) {
                         bytes_from_floats(t.values, type, bytes);
                       }});
  write_safetensors(file, std::move(written), metadata, Overwrite::yes);
}

void write_edit(const std::filesystem::path& file, Trainables& trainables, FileDType type,
                const TensorFile::Metadata& metadata) {
  write_edit(file, trainables.exported(), type, metadata);
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
