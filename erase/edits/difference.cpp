#include "erase/edits/difference.h"

#include <algorithm>
#include <cmath>

#include "base/tensors/half.h"
#include "models/files/model_files.h"

namespace lacuna {
namespace {

Difference difference(const Change& c) {
  Difference d{.name = c.name, .shape = c.shape};
  d.scalars = static_cast<int64_t>(c.original.size());
  double squares = 0, original_squares = 0, sum = 0;
  for (size_t i = 0; i < c.original.size(); i++) {
    const double change = c.change[i], original = c.original[i];
    squares += change * change;
    original_squares += original * original;
    sum += std::abs(change);
    d.largest = std::max(d.largest, std::abs(change));
    if (change == 0)
      d.unchanged++;
    else if (half_from_float(c.original[i] + c.change[i]) == half_from_float(c.original[i]))
      d.lost_in_half++;
  }
  d.norm = std::sqrt(squares);
  d.original_norm = std::sqrt(original_squares);
  d.mean = d.scalars > 0 ? sum / static_cast<double>(d.scalars) : 0;
  return d;
}

}  // namespace

std::optional<double> Difference::ratio() const {
  if (original_norm == 0) return std::nullopt;
  return norm / original_norm;
}

std::vector<Difference> differences(ModelPart part, const TensorFile& base,
                                    std::span<const Edit> edits, bool force) {
  std::vector<Difference> all;
  for_each_change(part, base, edits, force, [&](const Change& c) {
    all.push_back(difference(c));
    all.back().name = std::string(part->edit_prefix) + c.name;
  });
  return all;
}

std::vector<Difference> differences(const std::filesystem::path& model, std::span<const Edit> edits,
                                    bool force) {
  std::vector<Difference> all;
  for (const ModelPart p : edited_parts()) {
    if (std::ranges::none_of(edits, [&](const Edit& e) { return e.changes(p); })) continue;
    const std::vector<Difference> some = differences(p, open_weights(model, p), edits, force);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

Difference total(std::span<const Difference> parts) {
  Difference sum;
  double squares = 0, original_squares = 0, absolute = 0;
  for (const Difference& d : parts) {
    sum.scalars += d.scalars;
    sum.unchanged += d.unchanged;
    sum.lost_in_half += d.lost_in_half;
    squares += d.norm * d.norm;
    original_squares += d.original_norm * d.original_norm;
    absolute += d.mean * static_cast<double>(d.scalars);
    sum.largest = std::max(sum.largest, d.largest);
  }
  sum.norm = std::sqrt(squares);
  sum.original_norm = std::sqrt(original_squares);
  sum.mean = sum.scalars > 0 ? absolute / static_cast<double>(sum.scalars) : 0;
  return sum;
}

}  // namespace lacuna
