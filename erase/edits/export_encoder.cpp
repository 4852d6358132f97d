#include "erase/edits/export_encoder.h"

#include <cstring>
#include <map>

#include "base/file.h"
#include "base/tensors/safetensors.h"

namespace lacuna {

void export_encoder(const TensorFile& base, const std::filesystem::path& original,
                    std::span<const Edit> edits, const std::filesystem::path& to, bool replace) {
  constexpr size_t most_config_bytes = size_t{1} << 20;
  std::map<std::string, std::vector<float>> edited;
  for_each_change(ModelPart::text, base, edits, replace, [&](const Change& c) {
    std::vector<float>& values = edited[c.name] = c.original;
    for (size_t i = 0; i < values.size(); i++) values[i] += c.change[i];
  });
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : base.entries()) {
    const auto found = edited.find(name);
    const std::vector<float>* values = found == edited.end() ? nullptr : &found->second;
    tensors.push_back(
        {name, entry.dtype, entry.shape, [&entry = entry, values](std::span<std::byte> bytes) {
           if (values)
             bytes_from_floats(*values, entry.dtype, bytes);
           else
             std::memcpy(bytes.data(), entry.bytes.data(), bytes.size());
         }});
  }
  make_folder(to);
  const Overwrite overwrite = replace ? Overwrite::yes : Overwrite::no;
  write_safetensors(to / "model.safetensors", std::move(tensors), {{"format", "pt"}}, overwrite);
  write_file(to / "config.json", read_file(original / "config.json", most_config_bytes), overwrite);
}

}  // namespace lacuna
