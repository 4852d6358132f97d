#include "viewer/panels/compare_panel.h"

#include <algorithm>

#include "base/error.h"
#include "base/file.h"
#include "jobs/draw/sheet.h"
#include "pictures/region.h"
#include "viewer/panels/path_field.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {

void ComparePanel::draw(Context& c) {
  compared_ = true;
  c.draw(true, mask_.inside());
}

void ComparePanel::edits(Context& c) {
  ui::heading("Edits");
  if (c.edits.empty())
    ui::dim(
        "None yet. Drop an edit (.safetensors) on the window, choose one here, or make one under "
        "Erase.");
  if (edit_fields(c) && live_now(c)) draw(c);
  const float add = ImGui::CalcTextSize("Add").x + 2 * ImGui::GetStyle().FramePadding.x;
  if (path_field(c, "Edit file", new_edit_, "path of an edit",
                 {"Add an edit", Choose::file, FileKind::edits}, false,
                 -add - ImGui::GetStyle().ItemSpacing.x)) {
    c.add_edit(std::filesystem::u8path(new_edit_));
    new_edit_.clear();
  }
  ImGui::SameLine();
  const ui::Disabled off(new_edit_.empty());
  if (ui::button("Add", nullptr, {add, 0})) {
    try {
      c.add_edit(Edit::parse(new_edit_).path());
      new_edit_.clear();
    } catch (const Error& e) { c.say(e.what(), true); }
  }
}

// White inside, as with `lacuna sample --region`; half-grey and lighter counts as inside, since
// what is painted has no soft border.
void ComparePanel::region_from_file(Context& c, const std::filesystem::path& file) {
  const Form& f = c.settings.form;
  const int64_t own = c.now.model.default_size;
  try {
    mask_.take(parse_region(display(file), static_cast<int>(f.width > 0 ? f.width : own),
                            static_cast<int>(f.height > 0 ? f.height : own)));
    c.say("the region is that of " + display(file.filename()));
    if (live_now(c)) draw(c);
  } catch (const Error& e) { c.say(e.what(), true); }
}

void ComparePanel::region(Context& c) {
  ui::heading("Region");
  const auto brush = [&](const char* name, Brush which, const char* about) {
    if (ui::toggle(name, brush_ == which)) brush_ = brush_ == which ? Brush::none : which;
    ui::explain(about);
    ImGui::SameLine();
  };
  brush("Paint", Brush::paint, "Paint on the picture where the edits shall act");
  brush("Rub out", Brush::erase, "Take away from what was painted");
  {
    const ui::Disabled off(mask_.empty());
    if (ui::button("Clear")) {
      mask_.clear();
      if (live_now(c)) draw(c);
    }
  }
  ui::explain("The edits then act everywhere");
  ImGui::SameLine();
  {
    const ui::Disabled off(!c.now.model.ready);
    if (const auto chosen = browse_button(
            c, "Region file",
            {"Choose an image of the region, white inside", Choose::file, FileKind::images}))
      region_from_file(c, chosen->path);
  }
  ui::label("Brush size");
  ui::slider("Brush size", radius_, 0.01f, 0.3f, "%.2f of the picture");
  ui::label("Outside");
  const bool chosen = ui::choice("Region mode", c.settings.form.region_mode, region_modes);
  ui::explain(
      "latents: keep the original's own picture outside. prediction: let both models work on one "
      "picture, each where it acts.");
  if (chosen && !mask_.empty() && live_now(c)) draw(c);
  ui::dim(mask_.empty() ? "Nothing is painted: the edits act everywhere."
                        : "The edits act where it is painted, at twice the work.");
}

void ComparePanel::controls(Context& c) {
  draw_controls(c, "Draw both", "Draw with and without the edits, from the same seed (Ctrl+Enter)",
                true, mask_.inside());
  if (c.now.draw.original.image) compared_ = true;
  ui::checkbox("Live", live_);
  ui::explain("Draw again whenever a strength or the region changes");
  ImGui::SameLine();
  if (ui::toggle("Side by side", !divider_)) divider_ = false;
  ImGui::SameLine();
  if (ui::toggle("Divider", divider_)) divider_ = true;
  ui::explain("One picture: left of the line the original, right of it the edited; drag the line");
  edits(c);
  region(c);
  ui::heading("Picture");
  form_fields(c);
}

void ComparePanel::hint(Context& c, const Area& all) {
  placeholder(all, c.now.draw.running ? "The original comes first ..."
                   : c.now.model.ready
                       ? "Press Draw both: the picture with and without the edits, from one seed."
                       : "");
}

void ComparePanel::paint(Context& c, const Area& area) {
  const ImagePtr& image = c.now.draw.edited.image;
  if (!image || c.now.draw.edited.preview) return;
  mask_.fit(image->width, image->height);
  mask_.draw(*renderer_, area);
  if (brush_ == Brush::none) return;
  const ImVec2 mouse = ImGui::GetIO().MousePos;
  const float scale = area.width() / static_cast<float>(image->width);
  const float radius = radius_ * static_cast<float>(std::min(image->width, image->height));
  if (area.contains(mouse))
    ImGui::GetWindowDrawList()->AddCircle(mouse, radius * scale, IM_COL32(255, 255, 255, 220), 0,
                                          ui::scaled(1.5f));
  const ImVec2 at{(mouse.x - area.low.x) / scale, (mouse.y - area.low.y) / scale};
  if (ImGui::IsItemActivated()) last_ = at;
  if (ImGui::IsItemActive()) {
    mask_.stroke(last_, at, radius, brush_ == Brush::paint);
    last_ = at;
    stroked_ = true;
  } else if (stroked_) {
    stroked_ = false;
    if (live_now(c)) draw(c);
  }
}

void ComparePanel::beside(Context& c, const Area& all) {
  const float gap = ui::scaled(8), half = (all.width() - gap) / 2;
  const struct {
    const Shown& shown;
    const char* name;
    Area area;
  } sides[] = {{c.now.draw.original, "Original", {all.low, {all.low.x + half, all.high.y}}},
               {c.now.draw.edited, "Edited", {{all.low.x + half + gap, all.low.y}, all.high}}};
  for (const auto& s : sides) {
    if (!s.shown.image) continue;
    const int factor = s.shown.preview ? static_cast<int>(c.now.model.factor) : 1;
    const Area area = fitted(s.area, s.shown.image->width * factor, s.shown.image->height * factor);
    show(c.pictures, s.shown, area);
    ImGui::SetCursorScreenPos(area.low);
    ImGui::InvisibleButton(s.name, {area.width(), area.height()});
    ui::mark(s.name);
    if (&s.shown == &c.now.draw.edited) paint(c, area);
    caption(area, s.name);
  }
}

void ComparePanel::divided(Context& c, const Area& all) {
  const Shown& edited = c.now.draw.edited;
  const Shown& original = c.now.draw.original;
  if (!edited.image) return;
  const int factor = edited.preview ? static_cast<int>(c.now.model.factor) : 1;
  const Area area = fitted(all, edited.image->width * factor, edited.image->height * factor);
  show(c.pictures, original, area, 0, at_);
  show(c.pictures, edited, area, at_, 1);
  ImGui::SetCursorScreenPos(area.low);
  ImGui::InvisibleButton("Edited", {area.width(), area.height()});
  ui::mark("Edited");
  if (brush_ == Brush::none && ImGui::IsItemActive())
    at_ = std::clamp((ImGui::GetIO().MousePos.x - area.low.x) / area.width(), 0.0f, 1.0f);
  paint(c, area);
  const float x = area.low.x + at_ * area.width();
  ImDrawList& list = *ImGui::GetWindowDrawList();
  list.AddLine({x, area.low.y}, {x, area.high.y}, IM_COL32(0, 0, 0, 160), ui::scaled(4));
  list.AddLine({x, area.low.y}, {x, area.high.y}, IM_COL32(255, 255, 255, 255), ui::scaled(2));
  list.AddCircleFilled({x, (area.low.y + area.high.y) / 2}, ui::scaled(7),
                       IM_COL32(255, 255, 255, 255));
  caption(area, "Original");
  const float edge = ImGui::CalcTextSize("Edited").x + ui::scaled(32);
  caption({{area.high.x - edge, area.low.y}, area.high}, "Edited");
}

bool ComparePanel::complete(const Context& c) {
  const DrawState& d = c.now.draw;
  return !d.running && d.original.image && d.edited.image && !d.edited.preview &&
         !d.original.preview && !d.parameters.empty() &&
         d.original.image->width == d.edited.image->width &&
         d.original.image->height == d.edited.image->height;
}

std::vector<std::byte> ComparePanel::sheet(const Context& c) {
  const DrawState& d = c.now.draw;
  return encode_png(
      comparison_sheet({d.original.image.get(), 1}, {d.edited.image.get(), 1}, {&d.request, 1}, 1),
      {{"parameters", d.parameters}});
}

void ComparePanel::copy(Context& c) {
  if (!complete(c)) return;
  try {
    const bool taken = c.copy(sheet(c));
    c.say(taken ? "both pictures are in the clipboard"
                : "the system's clipboard took no picture; save both instead",
          !taken);
  } catch (const Error& e) { c.say(e.what(), true); }
}

void ComparePanel::save(Context& c) {
  if (!complete(c)) return;
  try {
    const std::filesystem::path file =
        save_picture(c.gallery.folder(), c.now.draw.request.seed, sheet(c));
    c.gallery.add(file);
    c.say("both pictures are in " + display(file));
  } catch (const Error& e) { c.say(e.what(), true); }
}

void ComparePanel::view(Context& c, Renderer& renderer) {
  renderer_ = &renderer;
  const Area all = canvas(0, ImGui::GetContentRegionAvail().y - ImGui::GetFrameHeightWithSpacing());
  ImGui::Dummy({0, all.height()});
  if (complete(c)) {
    if (ui::button("Save both")) save(c);
    ui::explain("Side by side with their prompt, into the folder of the strip (Ctrl+S)");
    ImGui::SameLine();
    if (ui::button("Copy both")) copy(c);
    ui::explain("To paste them elsewhere (Ctrl+Shift+C)");
  }
  if (!c.now.draw.original.image)
    hint(c, all);
  else if (divider_)
    divided(c, all);
  else
    beside(c, all);
}

}  // namespace lacuna::viewer
