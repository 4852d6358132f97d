#include "erase/closed/similarity.h"

#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "pictures/resize.h"

namespace lacuna {

double correlation(const Image& a, const Image& b) {
  const Image& same =
      a.width == b.width && a.height == b.height ? b : resized(b, a.width, a.height);
  double sum_a = 0, sum_b = 0, aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < a.rgb.size(); i++) {
    const double x = a.rgb[i], y = same.rgb[i];
    sum_a += x, sum_b += y, aa += x * x, bb += y * y, ab += x * y;
  }
  const auto n = static_cast<double>(a.rgb.size());
  const double va = aa / n - (sum_a / n) * (sum_a / n), vb = bb / n - (sum_b / n) * (sum_b / n);
  return va < 1 || vb < 1 ? 0 : (ab / n - sum_a / n * (sum_b / n)) / std::sqrt(va * vb);
}

std::vector<double> read_scores(const std::filesystem::path& csv, size_t count) {
  const std::string text = read_file(csv, size_t{64} << 20);
  std::vector<std::optional<double>> scores(count);
  size_t line = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view row = std::string_view(text).substr(at, end - at);
    at = end + 1;
    line++;
    if (row.ends_with('\r')) row.remove_suffix(1);
    if (trimmed(row).empty() || line == 1) continue;  // the header
    const size_t comma = row.find(',');
    const auto fail = [&] [[noreturn]] {
      throw InputError(
          "[similarity] {}: line {} is not \"picture,score\" with a picture of 0 to {}; write such "
          "lines below a header",
          display(csv), line, count - 1);
    };
    if (comma == row.npos) fail();
    const std::string_view number = trimmed(row.substr(0, comma)),
                           value = trimmed(row.substr(comma + 1));
    size_t picture = 0;
    double score = 0;
    const auto whole = std::from_chars(number.data(), number.data() + number.size(), picture);
    const auto real = std::from_chars(value.data(), value.data() + value.size(), score);
    if (whole.ec != std::errc() || whole.ptr != number.data() + number.size() ||
        real.ec != std::errc() || real.ptr != value.data() + value.size() || picture >= count ||
        !std::isfinite(score))
      fail();
    scores[picture] = score;
  }
  std::vector<double> all;
  for (size_t i = 0; i < count; i++) {
    if (!scores[i])
      throw InputError("[similarity] {} has no score for picture {}; score all {}", display(csv), i,
                       count);
    all.push_back(*scores[i]);
  }
  return all;
}

}  // namespace lacuna
