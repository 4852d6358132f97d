#include "viewer/panels/inspect_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "viewer/panels/path_field.h"
#include "viewer/plot.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"
#include "viewer/worker/log_lines.h"

namespace lacuna::viewer {
namespace {

constexpr size_t most_log_bytes = 64 << 20;

void pair(const char* name, const std::string& value) {
  ImGui::TableNextColumn();
  ImGui::TextColored(palette().dim, "%s", name);
  ImGui::TableNextColumn();
  ImGui::TextWrapped("%s", value.c_str());
}

std::string mebibytes(uint64_t bytes) {
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / 1048576.0);
}

}  // namespace

void InspectPanel::measure(Context& c) {
  page_ = Page::layers;
  std::vector<EditChoice> on;
  for (const EditChoice& e : c.edits)
    if (e.on) on.push_back(e);
  c.worker.inspect(on);
}

void InspectPanel::read_map(Context& c) {
  page_ = Page::map;
  try {
    map_ = {std::make_shared<const Image>(load_image(utf8_path(map_file_))), false};
  } catch (const Error& e) {
    map_ = {};
    c.say(e.what(), true);
  }
}

void InspectPanel::read_log(Context& c) {
  page_ = Page::log;
  lines_.clear();
  try {
    std::istringstream in(read_file(utf8_path(log_file_), most_log_bytes));
    for (std::string line; std::getline(in, line);) append_log_lines(lines_, line);
  } catch (const Error& e) { c.say(e.what(), true); }
}

void InspectPanel::controls(Context& c) {
  ui::heading("Edits");
  if (c.edits.empty())
    ui::dim("None yet. Drop an edit (.safetensors) on the window, or choose one here.");
  edit_fields(c);
  if (const auto edit =
          browse_button(c, "Add an edit", {"Add an edit", Choose::file, FileKind::edits},
                        "Add an edit ...", {-1, 0}))
    c.add_edit(edit->path);
  {
    const ui::Disabled off(c.edits.empty() || !c.now.model.ready);
    if (ui::main_button("Measure", "Measure the change of each layer", {-1, 0})) measure(c);
  }
  ui::explain("The length of each tensor's change over that of the tensor, as `lacuna diff`");
  if (!c.now.inspect.error.empty()) ui::message(c.now.inspect.error.c_str(), true);
  ui::heading("Layers of the text encoder");
  ui::label("Picture of `lacuna layers map`");
  if (path_field(c, "Map file", map_file_, "",
                 {"Choose a map of layers", Choose::file, FileKind::images}))
    read_map(c);
  if (ui::button("Show map", "Show", {-1, 0})) read_map(c);
  ui::heading("Log of a run");
  if (log_file_.empty() && !c.now.erase.run.empty())
    log_file_ = display(c.now.erase.run / "run.jsonl");
  ui::label("run.jsonl in the run's folder");
  if (path_field(c, "Log file", log_file_, "edit.run/run.jsonl",
                 {"Choose the log of a run", Choose::file, FileKind::logs}))
    read_log(c);
  if (ui::button("Show log", "Show", {-1, 0})) read_log(c);
  ui::heading("Device");
  const Snapshot& s = c.now;
  if (ImGui::BeginTable("device", 2)) {
    ImGui::TableSetupColumn("", ImGuiTableColumnFlags_WidthFixed, ui::scaled(90));
    pair("name", s.device);
    pair("kind", s.kind);
    pair("driver", s.driver);
    pair("in use", mebibytes(s.allocated));
    pair("at most", mebibytes(s.peak));
    pair("weights", mebibytes(s.model.weight_bytes));
    ImGui::EndTable();
  }
}

void InspectPanel::view(Context& c) {
  const InspectState& i = c.now.inspect;
  if (page_ == Page::map && map_.image) {
    const Area all = canvas();
    show(c.pictures, map_, fitted(all, map_.image->width, map_.image->height));
    return;
  }
  if (page_ == Page::log && !lines_.empty()) {
    ImGui::BeginChild("lines", {}, false, ImGuiWindowFlags_HorizontalScrollbar);
    ImGui::PushFont(mono_font());
    ImGuiListClipper clipper;
    clipper.Begin(static_cast<int>(lines_.size()));
    while (clipper.Step())
      for (int n = clipper.DisplayStart; n < clipper.DisplayEnd; n++)
        ImGui::TextUnformatted(lines_[static_cast<size_t>(n)].c_str());
    ImGui::PopFont();
    ImGui::EndChild();
    return;
  }
  if (i.layers.empty()) {
    const Area all = canvas();
    placeholder(all,
                "Press Measure to see how far the edits move each layer:\nthe length of the change "
                "over that of the weights.");
    return;
  }
  ui::heading(fmt::format("||dW|| / ||W|| of {}", i.title).c_str());
  ImGui::BeginChild("bars");
  plot_layers(i.layers);
  ImGui::EndChild();
}

}  // namespace lacuna::viewer
