// The fields of a drawing.
#include <fmt/format.h>

#include <algorithm>

#include "base/file.h"
#include "viewer/theme.h"
#include "viewer/vulkan/context.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

// Two fields in a line: each is drawn in a column of half the width.
class Pair {
 public:
  explicit Pair(const char* id) : open_(ImGui::BeginTable(id, 2)) {
    if (open_) ImGui::TableNextColumn();
  }
  ~Pair() {
    if (open_) ImGui::EndTable();
  }
  Pair(const Pair&) = delete;
  void second() {
    if (open_) ImGui::TableNextColumn();
  }

 private:
  bool open_;
};

void seed_field(Context& c) {
  Form& f = c.settings.form;
  const ImGuiStyle& style = ImGui::GetStyle();
  const float square = ImGui::GetFrameHeight();
  const float lock_width = ImGui::CalcTextSize("locked").x + 2 * style.FramePadding.x;
  ui::label(
      "Seed",
      "The number that the noise is made from. With everything else the same, the "
      "same seed gives the same picture.",
      ImGui::GetContentRegionAvail().x - square * 1.4f - lock_width - 2 * style.ItemSpacing.x);
  ui::seed("Seed", f.seed);
  ImGui::SameLine();
  if (ui::button("Dice", "\u2684", {square * 1.4f, 0})) f.seed = c.dice() >> 32;
  ui::explain("Another seed (Ctrl+R)");
  ImGui::SameLine();
  if (ui::toggle("Lock", f.seed_locked, f.seed_locked ? "locked" : "free", {lock_width, 0}))
    f.seed_locked = !f.seed_locked;
  ui::explain("Locked: every picture has this seed. Free: Draw takes a new one. (Ctrl+L)");
}

void size_fields(Context& c) {
  Form& f = c.settings.form;
  const int64_t own = c.now.model.default_size, step = c.now.model.factor;
  const auto side = [&](const char* name, int64_t& value) {
    int64_t shown = value > 0 ? value : own;
    const int64_t before = shown;
    ImGui::InputScalar(fmt::format("##{}", name).c_str(), ImGuiDataType_S64, &shown, &step);
    ui::mark(name);
    if (shown != before) value = std::clamp<int64_t>(shown, step, 8192);
    if (ImGui::IsItemDeactivatedAfterEdit()) value = std::max(step, value / step * step);
  };
  Pair pair("size");
  ui::label("Width", "In pixels. The model was trained for one size and draws others less well.");
  side("Width", f.width);
  pair.second();
  ui::label("Height");
  side("Height", f.height);
}

}  // namespace

void form_fields(Context& c) {
  Form& f = c.settings.form;
  ui::label("Prompt", "What to draw");
  ui::text("Prompt", f.prompt, "a red circle left of a blue square");
  ui::label("Negative prompt", "What to stay away from");
  ui::text("Negative", f.negative, "nothing");
  seed_field(c);
  {
    Pair pair("steps");
    ui::label("Steps", "Steps of the sampler: more take longer and change less and less");
    ui::whole("Steps", f.steps, 1, 1000);
    pair.second();
    ui::label(
        "Guidance",
        "How strictly the picture follows the prompt; 1 turns guidance off, at half the work");
    ui::real("Guidance", f.guidance, 0, 100, "%.1f");
  }
  {
    Pair pair("sampler");
    ui::label("Sampler");
    ui::choice("Sampler", f.sampler, Sampler::names());
    pair.second();
    ui::label("VAE every",
              "On the way a cheap preview is shown; every so many steps the VAE may draw it "
              "properly, which costs time. 0: at the end alone.");
    ui::whole("VAE every", f.vae_every, 0, 1000);
  }
  size_fields(c);
}

bool edit_fields(Context& c) {
  bool changed = false;
  size_t removed = c.edits.size();
  for (size_t i = 0; i < c.edits.size(); i++) {
    EditChoice& e = c.edits[i];
    const std::string file = display(e.file.filename()), number = std::to_string(i + 1);
    ImGui::PushID(static_cast<int>(i));
    const float close = ImGui::GetFrameHeight();
    ui::label(file.c_str(), display(e.file).c_str());
    changed |= ImGui::Checkbox("##on", &e.on);
    ui::mark("Edit " + number);
    ImGui::SameLine();
    const float room = ImGui::GetContentRegionAvail().x - close - ImGui::GetStyle().ItemSpacing.x;
    ImGui::SetNextItemWidth(room);
    changed |= ui::slider(("Strength " + number).c_str(), e.strength, -1, 2, "%.2f");
    ui::explain(
        "0 is the original, 1 the edit as it was trained; below 0 it acts the other way round. "
        "Ctrl+click to type a number.");
    ImGui::SameLine();
    if (ui::button(("Remove " + number).c_str(), "\u2715", {close, 0})) removed = i;
    ImGui::PopID();
  }
  if (removed < c.edits.size()) {
    c.edits.erase(c.edits.begin() + static_cast<std::ptrdiff_t>(removed));
    changed = true;
  }
  return changed;
}

void draw_controls(Context& c, const char* name, const char* explanation, bool compare,
                   const std::vector<float>& inside) {
  const DrawState& d = c.now.draw;
  const ImVec2 wide{-1, ImGui::GetFrameHeight() * 1.2f};
  if (d.running) {
    if (ui::button("Cancel", "Cancel  (Esc)", wide)) c.worker.cancel();
  } else {
    const ui::Disabled off(!c.can_draw());
    if (ui::main_button(name, nullptr, wide)) c.draw(compare, inside);
  }
  ui::explain(d.running             ? "Stops within one step"
              : c.now.erase.running ? "An erasure is running; it has the device to itself"
                                    : explanation);
  if (d.running) {
    const double left = d.rate > 0 ? (d.calls - d.call) / d.rate : 0;
    const std::string text = d.rate > 0 ? fmt::format("{} / {}   {:.1f} it/s   {} left", d.call,
                                                      d.calls, d.rate, clock_text(left))
                                        : d.doing;
    ui::progress("Progress", static_cast<float>(d.call) / static_cast<float>(std::max(1, d.calls)));
    ImGui::TextUnformatted(text.c_str());
  } else if (!d.error.empty()) {
    ui::message(d.error.c_str(), true);
  } else if (d.cancelled) {
    ui::dim("cancelled");
  } else if (d.number > 0 && d.seconds > 0) {
    ui::dim(fmt::format("{:.1f} s, previews {:.1f} % of it", d.seconds,
                        100 * d.preview_seconds / d.seconds)
                .c_str());
  }
  if (!d.cut.empty())
    ui::message(("longer than the model's context; this was cut: " + d.cut).c_str(), true);
}

}  // namespace lacuna::viewer
