#include "erase/closed/cross_attention.h"

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "base/text.h"
#include "erase/selection.h"

namespace lacuna {

const char* CrossAttention::pattern(std::string_view which) {
  const std::string of = lower_ascii(which);
  if (of == "k") return "*.attn2.to_k.weight";
  if (of == "v") return "*.attn2.to_v.weight";
  if (of == "kv") return "*.attn2.to_[kv].weight";
  throw InputError("[erase] {} '{}' is unknown; choose k, v or kv", option("params"), which);
}

CrossAttention CrossAttention::read(const TensorFile& unet, std::string_view which, int64_t width) {
  CrossAttention all;
  all.names = select(parameters_of(ModelPart::unet, unet), pattern(which));
  for (const std::string& name : all.names) {
    const TensorFile::Entry& entry = unet.at(name);
    if (entry.shape.size() != 2 || entry.shape[1] != width)
      throw InputError(
          "[erase] '{}' reads {} numbers and the text encoder gives {}; the model's "
          "parts do not belong together",
          name, entry.shape.empty() ? 0 : entry.shape.back(), width);
    std::vector<float> values(entry.count());
    unet.to_float(entry, values);
    // Checkpoints store rows.
    using Rows = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    all.matrices.push_back(
        Eigen::Map<const Rows>(values.data(), entry.shape[0], width).cast<double>());
    if (!all.matrices.back().allFinite())
      throw InputError("[erase] {}: '{}' holds a number that is not finite; get the model again",
                       display(unet.path()), name);
  }
  return all;
}

std::vector<Trainables::Export> edited(const ClosedForm& method, const CrossAttention& attention) {
  std::vector<Trainables::Export> tensors(attention.names.size());
  in_parallel(tensors.size(), [&](size_t i) {
    const Matrix rows = method.edited(attention.matrices[i]).transpose();
    if (!rows.allFinite())
      throw InputError("[{}] the new '{}' holds numbers that are not finite; use a larger {}",
                       method.name(), attention.names[i], option("lambda"));
    tensors[i] = {attention.names[i], {rows.cols(), rows.rows()}, {}};
    for (const double value : rows.reshaped())
      tensors[i].values.push_back(static_cast<float>(value));
  });
  return tensors;
}

}  // namespace lacuna
