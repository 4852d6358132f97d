#include "viewer/mask.h"

#include <algorithm>
#include <cmath>

namespace lacuna::viewer {
namespace {

// Of two colours, so that they show on any picture.
constexpr ImU32 stripes[] = {IM_COL32(30, 100, 230, 120), IM_COL32(255, 255, 255, 90)};

}  // namespace

void Mask::fit(int width, int height) {
  if (width == width_ && height == height_) return;
  width_ = width;
  height_ = height;
  inside_.assign(static_cast<size_t>(width) * static_cast<size_t>(height), false);
  painted_ = 0;
  texture_.reset();
  changed_ = true;
}

void Mask::stroke(ImVec2 from, ImVec2 to, float radius, bool inside) {
  const float dx = to.x - from.x, dy = to.y - from.y, length = dx * dx + dy * dy;
  const auto low = [](float a, float b, float r) {
    return std::max(0, static_cast<int>(std::floor(std::min(a, b) - r)));
  };
  const auto high = [](float a, float b, float r, int most) {
    return std::min(most - 1, static_cast<int>(std::ceil(std::max(a, b) + r)));
  };
  for (int y = low(from.y, to.y, radius); y <= high(from.y, to.y, radius, height_); y++)
    for (int x = low(from.x, to.x, radius); x <= high(from.x, to.x, radius, width_); x++) {
      // The distance of the pixel's centre from the line.
      const float px = static_cast<float>(x) + 0.5f - from.x;
      const float py = static_cast<float>(y) + 0.5f - from.y;
      const float t = length > 0 ? std::clamp((px * dx + py * dy) / length, 0.0f, 1.0f) : 0;
      if (std::hypot(px - t * dx, py - t * dy) > radius) continue;
      const size_t i =
          static_cast<size_t>(y) * static_cast<size_t>(width_) + static_cast<size_t>(x);
      if (inside_[i] == inside) continue;
      inside_[i] = inside;
      inside ? painted_++ : painted_--;
      changed_ = true;
    }
}

void Mask::take(const Region& region) {
  fit(region.width, region.height);
  std::ranges::transform(region.inside, inside_.begin(), [](float share) { return share >= 0.5f; });
  painted_ = static_cast<size_t>(std::ranges::count(inside_, true));
  changed_ = true;
}

void Mask::clear() {
  std::fill(inside_.begin(), inside_.end(), false);
  painted_ = 0;
  changed_ = true;
}

std::vector<float> Mask::inside() const {
  if (empty()) return {};
  std::vector<float> values(inside_.size());
  std::copy(inside_.begin(), inside_.end(), values.begin());
  return values;
}

void Mask::draw(Renderer& renderer, const Area& area) {
  if (empty()) return;
  if (!texture_) texture_ = std::make_unique<Texture>(renderer, width_, height_, true);
  if (changed_) {
    std::vector<uint32_t> pixels(inside_.size());
    const size_t width = static_cast<size_t>(width_);
    const size_t stripe = std::max<size_t>(2, static_cast<size_t>(std::min(width_, height_)) / 48);
    for (size_t i = 0; i < pixels.size(); i++)
      if (inside_[i]) pixels[i] = stripes[(i % width + i / width) / stripe % 2];
    texture_->set(pixels);
    changed_ = false;
  }
  ImGui::GetWindowDrawList()->AddImage(texture_->id(), area.low, area.high);
}

}  // namespace lacuna::viewer
