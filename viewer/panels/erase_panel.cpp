#include "viewer/panels/erase_panel.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/file.h"
#include "erase/train.h"
#include "jobs/erase/verbs.h"
#include "viewer/panels/path_field.h"
#include "viewer/plot.h"
#include "viewer/theme.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

namespace fs = std::filesystem;

constexpr size_t most_prompts = 4;

std::vector<std::string> prompts_of(const std::string& text) {
  std::vector<std::string> prompts;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line) && prompts.size() < most_prompts;)
    if (line.find_first_not_of(" \t\r") != std::string::npos) prompts.push_back(line);
  return prompts;
}

bool trains(const EraseMethod& m) {
  return m.name != automatic_method &&
         std::ranges::any_of(m.fields, [](const EraseField& f) { return f.flag == "--run"; });
}

bool can_start(const Context& c) { return c.can_draw() && !c.now.draw.running; }

}  // namespace

const EraseMethod& ErasePanel::method(const Context& c) const {
  for (const EraseMethod& m : methods_)
    if (m.name == c.settings.erase.method) return m;
  return methods_.front();
}

EraseValues ErasePanel::values(const Context& c, bool resume) const {
  return erase_values(method(c), c.settings.erase, display(c.now.model.folder), c.device,
                      c.precision, resume);
}

void ErasePanel::choose_method(Context& c) {
  ui::label("Method");
  if (ImGui::BeginCombo("##method", method(c).name.c_str())) {
    for (const EraseMethod& m : methods_) {
      if (ImGui::Selectable(m.name.c_str(), m.name == method(c).name))
        c.settings.erase.method = m.name;
      ui::mark("Method/" + m.name);
      ui::explain(m.about.c_str());
    }
    ImGui::EndCombo();
  } else {
    ui::mark("Method");
  }
  ui::dim(method(c).about.c_str());
}

void ErasePanel::field(Context& c, const EraseField& f) {
  std::string& value = c.settings.erase.options[method(c).name][f.flag];
  if (f.type.empty()) {
    bool on = !value.empty();
    if (ui::checkbox(f.label.c_str(), on)) value = on ? "yes" : "";
    ui::explain(f.about.c_str());
    return;
  }
  ui::label(f.label.c_str(), f.about.c_str());
  const char* hint = f.usual.empty() ? f.type.c_str() : f.usual.c_str();
  if (auto request = browse_request(f.flag, f.type)) {
    if (request->choose == Choose::save) request->start = utf8_path(f.value);
    const auto chosen = path_field(c, f.label.c_str(), value, hint, *request, f.several);
    // Who agreed that a file is replaced need not say so again.
    if (chosen && chosen->replace) c.settings.erase.options[method(c).name]["--force"] = "yes";
    return;
  }
  if (f.several)  // one a line
    ui::long_text(f.label.c_str(), value, 2);
  else
    ui::text(f.label.c_str(), value, hint);
  ui::explain(f.about.c_str());
}

void ErasePanel::fields(Context& c, bool common) {
  if (!ImGui::BeginTable(common ? "common" : "more", 2)) return;
  bool wide = false;
  for (const EraseField& f : method(c).fields) {
    if (f.common != common) continue;
    // Texts and files need the whole line; numbers and words stand two in a line.
    const bool long_field = f.type == "TEXT" || browse_request(f.flag, f.type).has_value();
    if (long_field != wide) {
      ImGui::EndTable();
      ImGui::BeginTable(fmt::format("{}{}", f.flag, common).c_str(), long_field ? 1 : 2);
      wide = long_field;
    }
    ImGui::TableNextColumn();
    field(c, f);
  }
  ImGui::EndTable();
}

void ErasePanel::start(Context& c, bool resume) {
  EraseRequest r;
  r.method = method(c).name;
  r.values = values(c, resume);
  r.prompts = prompts_of(c.settings.erase.prompts);
  const std::string concept_text = value_of(method(c), c.settings.erase, "--concept");
  if (r.prompts.empty()) r.prompts = prompts_of(concept_text);
  r.every = c.settings.erase.every;
  r.steps = std::min(c.settings.form.steps, 12);
  c.worker.erase(r, utf8_path(value_of(method(c), c.settings.erase, "--out")),
                 trains(method(c)) ? run_folder(method(c), c.settings.erase) : fs::path());
  looked_at_.clear();
  c.settings.erase.options[method(c).name].erase("--force");  // asked for once
}

void ErasePanel::start(Context& c) {
  if (!methods_.empty() && can_start(c)) start(c, false);
}

void ErasePanel::pause(Context& c) {
  EraseControl& control = c.worker.control();
  if (c.now.erase.running) control.pause = !control.pause;
}

void ErasePanel::buttons(Context& c) {
  const EraseState& e = c.now.erase;
  const ImVec2 half{(ImGui::GetContentRegionAvail().x - ImGui::GetStyle().ItemSpacing.x) / 2,
                    ImGui::GetFrameHeight() * 1.2f};
  EraseControl& control = c.worker.control();
  if (e.running) {
    const bool pausing = control.pause;
    if (ui::toggle("Pause", pausing, pausing ? "Continue" : "Pause", half)) pause(c);
    ui::explain("The run waits before the next iteration and keeps its memory (Ctrl+P)");
    ImGui::SameLine();
    if (ui::button("Stop", nullptr, half)) {
      control.stop = true;
      c.worker.change([](Snapshot& s) { s.erase.stopping = true; });
    }
    ui::explain(
        "After this iteration, with the state saved: Resume, here or `lacuna erase ... "
        "--resume`, continues from it");
    if (ui::button("Save edit", "Save the edit as it is now", {-1, 0})) control.save = true;
    return;
  }
  std::error_code ignored;
  const fs::path run = run_folder(method(c), c.settings.erase);
  const bool resumable = trains(method(c)) && fs::exists(run / "state.safetensors", ignored);
  {
    const ui::Disabled off(!can_start(c));
    if (ui::main_button("Start", nullptr, half)) start(c, false);
  }
  ui::explain("Ctrl+Enter");
  ImGui::SameLine();
  {
    const ui::Disabled off(!resumable || !can_start(c));
    if (ui::button("Resume", nullptr, half)) start(c, true);
  }
  ui::explain(resumable ? ("Resume the run in " + display(run)).c_str()
                        : "There is no run to resume in its folder");
}

void ErasePanel::controls(Context& c) {
  if (methods_.empty() || methods_of_ != c.now.model.folder) {
    methods_of_ = c.now.model.folder;
    methods_ = erase_methods(methods_of_);
  }
  buttons(c);
  if (!c.now.erase.error.empty()) ui::message(c.now.erase.error.c_str(), true);
  {
    const ui::Disabled off(c.now.erase.running);
    choose_method(c);
    fields(c, true);
    const bool more = ImGui::CollapsingHeader("More options");
    ui::mark("More options");
    if (more) fields(c, false);
    if (trains(method(c))) {
      ui::heading("Pictures on the way");
      ui::label("Prompts, one a line",
                "Drawn with the original and with the edit as it is, in as many steps as Sample "
                "has, 12 at most; four prompts at most. Empty: the concept.");
      ui::long_text("Preview prompts", c.settings.erase.prompts, 3);
      ui::label("Every so many iterations", "0: at the end alone");
      ui::whole("Preview every", c.settings.erase.every, 0, 1'000'000);
    }
  }
  ui::heading("The same at the command line");
  const std::string command = command_text(method(c), values(c, false));
  ui::dim(command.c_str());
  if (ui::button("Copy command")) {
    ImGui::SetClipboardText(command.c_str());
    c.say("the command is in the clipboard");
  }
}

void ErasePanel::status(Context& c) {
  const EraseState& e = c.now.erase;
  std::string text;
  if (e.phase.empty())
    text = "No run yet.";
  else if (e.stopping)
    text = "stopping after this iteration ...";
  else if (e.paused)
    text = fmt::format("paused at {} of {}", e.at, e.of);
  else if (e.running)
    text = fmt::format("{}  {} / {}   {:.1f} it/s   {} left", e.phase, e.at, e.of, e.rate,
                       e.rate > 0 ? clock_text(static_cast<double>(e.of - e.at) / e.rate) : "-");
  else if (e.done)
    text = fmt::format("done: {} holds the edit, which is now under Compare", display(e.edit));
  else if (e.error.empty())
    text = fmt::format("stopped at {} of {}; Resume continues it", e.at, e.of);
  else
    text = "the run ended with an error";
  ui::progress("Erase progress",
               e.of > 0 ? static_cast<float>(e.at) / static_cast<float>(e.of) : 0);
  ImGui::TextUnformatted(text.c_str());
  if (e.done && looked_at_ != display(e.edit)) {
    looked_at_ = display(e.edit);
    c.add_edit(e.edit);
  }
}

void ErasePanel::previews(Context& c, float height) {
  const EraseState& e = c.now.erase;
  const Area all = canvas(0, height);
  ImGui::Dummy({all.width(), all.height()});
  if (e.previews.empty()) {
    placeholder(all, "Pictures before and after will appear here while the run trains.");
    return;
  }
  const float gap = ui::scaled(6), line = ImGui::GetTextLineHeightWithSpacing();
  const float width = all.width() / static_cast<float>(e.previews.size());
  for (size_t i = 0; i < e.previews.size(); i++) {
    const BeforeAfter& p = e.previews[i];
    const float left = all.low.x + static_cast<float>(i) * width;
    const Area cell{{left + gap, all.low.y + gap + line}, {left + width - gap, all.high.y - gap}};
    const float half = (cell.width() - gap) / 2;
    const Area before =
        fitted({cell.low, {cell.low.x + half, cell.high.y}}, p.before->width, p.before->height);
    const Area after =
        fitted({{cell.low.x + half + gap, cell.low.y}, cell.high}, p.after->width, p.after->height);
    show(c.pictures, {p.before, false}, before);
    show(c.pictures, {p.after, false}, after);
    if (i == 0) ui::mark("Before", before.low, before.high);
    if (i == 0) ui::mark("After", after.low, after.high);
    caption(before, "before");
    caption(after, fmt::format("after {}", e.preview_at).c_str());
    ImGui::GetWindowDrawList()->PushClipRect({left + gap, all.low.y},
                                             {left + width - gap, all.high.y}, true);
    ImGui::GetWindowDrawList()->AddText({before.low.x, all.low.y + ui::scaled(4)},
                                        ImGui::ColorConvertFloat4ToU32(palette().dim),
                                        p.prompt.c_str());
    ImGui::GetWindowDrawList()->PopClipRect();
  }
}

void ErasePanel::log(Context& c, float height) {
  ImGui::BeginChild("log", {0, height});
  ImGui::PushFont(mono_font());
  for (const std::string& line : c.now.erase.log) ImGui::TextWrapped("%s", line.c_str());
  ImGui::PopFont();
  if (ImGui::GetScrollY() >= ImGui::GetScrollMaxY() - 1) ImGui::SetScrollHereY(1);
  ImGui::EndChild();
}

void ErasePanel::view(Context& c) {
  const EraseState& e = c.now.erase;
  status(c);
  const float room = ImGui::GetContentRegionAvail().y;
  const float lines = std::clamp(room * 0.2f, ui::scaled(60), ui::scaled(150));
  const float spacing = ImGui::GetStyle().ItemSpacing.y;
  const float rest = room - lines - 2 * spacing;
  const Area curve = canvas(0, rest * 0.5f);
  plot_losses(curve, e.losses, e.phase == training_phase ? e.of : 0);
  ui::mark("Loss", curve.low, curve.high);
  ImGui::Dummy({curve.width(), curve.height()});
  previews(c, rest * 0.5f);
  log(c, lines);
}

}  // namespace lacuna::viewer
