#include "erase/edits/export.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/json.h"
#include "base/options/option.h"
#include "base/tensors/safetensors.h"
#include "models/files/ldm_names.h"
#include "models/files/model_files.h"

namespace lacuna {
namespace {

namespace fs = std::filesystem;

void store(const std::string& name, std::span<const float> values, FileDType type,
           std::span<std::byte> bytes) {
  constexpr float largest_half = 65504;
  if (type == FileDType::f16)
    for (const float v : values)
      if (std::abs(v) > largest_half)
        throw InputError("[export] '{}' holds {}, too large for 16-bit floats; use {} f32", name, v,
                         option("save-type"));
  bytes_from_floats(values, type, bytes);
}

std::vector<float> edited(const EditSum& edits, const std::string& name) {
  Change c = edits.change(name);
  for (size_t i = 0; i < c.original.size(); i++) c.original[i] += c.change[i];
  return std::move(c.original);
}

// A tensor of a model's part; `edits` is null where the part has none. Tables of whole numbers and
// types that are not converted stay as they are.
TensorToWrite tensor_of(const TensorFile& part, const TensorFile::Entry& entry,
                        const EditSum* edits, std::optional<FileDType> wanted) {
  const FileDType type = is_floating(entry.dtype) && wanted ? *wanted : entry.dtype;
  const bool changes = edits && edits->changes(entry.name);
  return {entry.name, type, entry.shape,
          [&part, &entry, edits, changes, type](std::span<std::byte> bytes) {
            if (!changes && type == entry.dtype) {
              std::copy(entry.bytes.begin(), entry.bytes.end(), bytes.begin());
            } else if (changes) {
              store(entry.name, edited(*edits, entry.name), type, bytes);
            } else {
              std::vector<float> values(entry.count());
              part.to_float(entry, values);
              store(entry.name, values, type, bytes);
            }
          }};
}

void write(const fs::path& file, std::vector<TensorToWrite> tensors,
           const TensorFile::Metadata& metadata, const TellTensors& tell) {
  const size_t total = tensors.size();
  size_t done = 0;
  for (TensorToWrite& t : tensors)
    t.fill = [&, fill = std::move(t.fill)](std::span<std::byte> bytes) {
      tell(done++, total);
      fill(bytes);
    };
  write_safetensors(file, std::move(tensors), metadata, Overwrite::yes);
}

std::vector<TensorToWrite> tensors_of(const TensorFile& part, const EditSum* edits,
                                      std::optional<FileDType> type) {
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, entry] : part.entries())
    tensors.push_back(tensor_of(part, entry, edits, type));
  return tensors;
}

// A folder that is removed unless it is moved to where it belongs.
class Staging {
 public:
  explicit Staging(const fs::path& target) : target_(target), folder_(target) {
    folder_ += ".part";
    fs::remove_all(folder_);
    make_folder(folder_);
  }
  Staging(const Staging&) = delete;
  ~Staging() {
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  const fs::path& folder() const { return folder_; }
  void commit() {
    fs::remove_all(target_);
    fs::rename(folder_, target_);
  }

 private:
  fs::path target_, folder_;
};

bool lies_in(const fs::path& inner, const fs::path& outer) {
  const fs::path relative =
      fs::weakly_canonical(inner).lexically_relative(fs::weakly_canonical(outer));
  return !relative.empty() && *relative.begin() != "..";
}

}  // namespace

void export_delta(const fs::path& file, EditSums edits, FileDType type,
                  const TensorFile::Metadata& metadata, const TellTensors& tell) {
  std::vector<TensorToWrite> tensors;
  for (const EditSum& part : edits)
    for (const std::string& name : part.names())
      tensors.push_back(
          {std::string(part.part()->edit_prefix) + name, type, part.shape(name),
           [&part, name, type](auto bytes) { store(name, edited(part, name), type, bytes); }});
  write(file, std::move(tensors), metadata, tell);
}

void export_folder(const fs::path& target, const fs::path& model, EditSums edits,
                   std::optional<FileDType> type, const TensorFile::Metadata& metadata,
                   bool replace, const TellTensors& tell) {
  if (fs::exists(target) && !(replace && fs::exists(target / "model_index.json")))
    throw InputError("[export] {} exists already; choose another {}{}", display(target),
                     option("folder"),
                     replace ? ", as this one holds no model" : ", or use --force");
  const fs::path configured = configuration_folder(model);
  for (const fs::path& other : {model, configured})
    if (lies_in(target, other) || lies_in(other, target))
      throw InputError("[export] {} and the model {} lie in each other; choose another {}",
                       display(target), display(other), option("folder"));
  // A single file's parts are all written; of a folder those that edits change.
  struct Written {
    ModelPart part;
    const TensorFile* base;
    const EditSum* edits;
  };
  std::vector<Written> written;
  for (const EditSum& part : edits)
    if (part.part() == ModelPart::unet || !part.names().empty() || is_single_file(model))
      written.push_back({part.part(), &part.base(), &part});
  std::optional<TensorFile> vae;
  if (is_single_file(model)) {
    vae = open_weights(model, ModelPart::vae);
    written.push_back({ModelPart::vae, &*vae, nullptr});
  }
  const auto is_written = [&](const fs::path& relative) {
    return std::ranges::any_of(written, [&](const Written& w) {
      return relative.parent_path() == w.part->folder &&
             display(relative.filename()).starts_with(w.part->stem);
    });
  };
  Staging staging(target);
  for (const auto& entry : fs::recursive_directory_iterator(configured)) {
    const fs::path relative = entry.path().lexically_relative(configured);
    if (entry.is_directory())
      make_folder(staging.folder() / relative);
    else if (!is_written(relative))
      fs::copy_file(entry.path(), staging.folder() / relative);
  }
  if (is_single_file(model))
    write_file(staging.folder() / "unet" / "config.json",
               configuration(model, ModelPart::unet).text(2) + "\n", Overwrite::yes);
  for (const Written& w : written)
    write(staging.folder() / w.part->folder / (std::string(w.part->stem) + ".safetensors"),
          tensors_of(*w.base, w.edits, type), metadata, tell);
  staging.commit();
}

void export_checkpoint(const fs::path& file, const fs::path& model, EditSums edits, FileDType type,
                       const TensorFile::Metadata& metadata, const TellTensors& tell) {
  const TensorFile vae = open_weights(model, ModelPart::vae);
  std::vector<TensorToWrite> all;
  const auto add = [&](ModelPart part, const TensorFile& weights, const EditSum* sum) {
    std::vector<std::string> names;
    for (const auto& [name, entry] : weights.entries()) names.push_back(name);
    const LdmNames ldm_name(part, names);
    for (TensorToWrite& t : tensors_of(weights, sum, type)) {
      t.shape = ldm_shape(part, t.name, std::move(t.shape));
      t.name = ldm_name(t.name);
      all.push_back(std::move(t));
    }
  };
  for (const EditSum& sum : edits) add(sum.part(), sum.base(), &sum);
  add(ModelPart::vae, vae, nullptr);
  write(file, std::move(all), metadata, tell);
}

}  // namespace lacuna
