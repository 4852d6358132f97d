#include "viewer/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pictures/axis.h"
#include "pictures/chart.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

void text_at(ImVec2 at, float align, const std::string& text) {
  const ImVec2 size = ImGui::CalcTextSize(text.c_str());
  ImGui::GetWindowDrawList()->AddText({at.x - align * size.x, at.y - size.y / 2},
                                      ImGui::ColorConvertFloat4ToU32(palette().dim), text.c_str());
}

// Lines between the points that can be drawn; gaps where one cannot.
void polyline(std::span<const ImVec2> points, std::span<const double> values, ImU32 colour,
              float thickness) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  for (size_t i = 1; i < points.size(); i++)
    if (drawable(values[i - 1]) && drawable(values[i]))
      list.AddLine(points[i - 1], points[i], colour, thickness);
  if (points.size() == 1 && drawable(values[0]))
    list.AddCircleFilled(points[0], 2 * thickness, colour);
}

}  // namespace

void plot_losses(const Area& area, std::span<const LossRecord> losses, int64_t last) {
  ImDrawList& list = *ImGui::GetWindowDrawList();
  if (losses.empty()) {
    placeholder(area, "The loss of every iteration will be drawn here.");
    return;
  }
  std::vector<double> x, y;
  for (const LossRecord& r : losses) {
    x.push_back(static_cast<double>(r.iteration));
    y.push_back(r.loss);
  }
  const double ends[] = {x.front(), static_cast<double>(std::max(last, losses.back().iteration))};
  const Axis across = linear_axis(ends, 8, Ends::tight);
  const Axis up = automatic_axis(y, 5);
  float labels = 0;
  for (const std::string& l : up.labels)
    labels = std::max(labels, ImGui::CalcTextSize(l.c_str()).x);
  const float line = ImGui::GetTextLineHeight();
  const Area inner{{area.low.x + labels + ui::scaled(20), area.low.y + ui::scaled(20) + line},
                   {area.high.x - ui::scaled(20), area.high.y - line - ui::scaled(14)}};
  const auto place = [&](double a, double b) {
    return ImVec2{inner.low.x + static_cast<float>(across.place(a)) * inner.width(),
                  inner.high.y - static_cast<float>(up.place(b)) * inner.height()};
  };
  for (size_t i = 0; i < up.ticks.size(); i++) {
    const float at = place(across.low, up.ticks[i]).y;
    list.AddLine({inner.low.x, at}, {inner.high.x, at}, palette().grid);
    text_at({inner.low.x - ui::scaled(8), at}, 1, up.labels[i]);
  }
  for (size_t i = 0; i < across.ticks.size(); i++) {
    const float at = place(across.ticks[i], up.low).x;
    list.AddLine({at, inner.low.y}, {at, inner.high.y}, palette().grid);
    text_at({at, inner.high.y + ui::scaled(6) + line / 2}, 0.5f, across.labels[i]);
  }
  std::vector<ImVec2> points;
  for (size_t i = 0; i < x.size(); i++)
    points.push_back(place(x[i], drawable(y[i]) ? y[i] : up.low));
  const bool many = x.size() > 30;
  polyline(points, y, many ? palette().curve_pale : palette().curve, ui::scaled(1.5f));
  if (many) {
    const std::vector<double> mean = running_mean(y, std::max<size_t>(5, x.size() / 20));
    for (size_t i = 0; i < x.size(); i++)
      points[i] = place(x[i], drawable(mean[i]) ? mean[i] : up.low);
    polyline(points, mean, palette().curve, ui::scaled(2));
  }
  text_at({area.low.x + ui::scaled(12), area.low.y + ui::scaled(6) + line / 2}, 0,
          many ? "loss, and its running mean" : "loss");
  text_at({inner.high.x, area.low.y + ui::scaled(6) + line / 2}, 1,
          fmt::format("iteration {}: {}", losses.back().iteration,
                      short_number(losses.back().loss, 4)));
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  if (!inner.contains(mouse) || !ImGui::IsWindowHovered()) return;
  const auto nearest = std::ranges::min_element(losses, {}, [&](const LossRecord& r) {
    return std::abs(place(static_cast<double>(r.iteration), up.low).x - mouse.x);
  });
  const float at = place(static_cast<double>(nearest->iteration), up.low).x;
  list.AddLine({at, inner.low.y}, {at, inner.high.y}, palette().curve);
  ImGui::SetTooltip("iteration %lld\nloss %s", static_cast<long long>(nearest->iteration),
                    short_number(nearest->loss, 5).c_str());
}

void plot_layers(std::span<const LayerChange> layers) {
  double largest = 0;
  for (const LayerChange& l : layers) largest = std::max(largest, l.ratio);
  if (largest <= 0) largest = 1;
  const float numbers = ImGui::CalcTextSize("0.00000").x + ui::scaled(12);
  for (const LayerChange& l : layers) {
    const ImVec2 at = ImGui::GetCursorScreenPos();
    const float width = ImGui::GetContentRegionAvail().x, height = ImGui::GetTextLineHeight();
    const float bar = (width - numbers) * static_cast<float>(l.ratio / largest);
    ImDrawList& list = *ImGui::GetWindowDrawList();
    list.AddRectFilled(at, {at.x + std::max(1.0f, bar), at.y + height}, palette().curve_pale,
                       ui::scaled(2));
    list.AddText({at.x + ui::scaled(6), at.y}, ImGui::GetColorU32(ImGuiCol_Text), l.name.c_str());
    text_at({at.x + width, at.y + height / 2}, 1, fmt::format("{:.4f}", l.ratio));
    ImGui::Dummy({width, height});
  }
}

}  // namespace lacuna::viewer
