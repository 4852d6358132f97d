#include "viewer/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <sstream>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/glob.h"
#include "erase/train.h"
#include "viewer/platform/input.h"
#include "viewer/platform/window.h"
#include "viewer/widgets.h"

namespace lacuna::viewer {
namespace {

// Whether there is a file of that path, whose name may be a pattern.
bool any_file(const std::string& path) {
  const std::filesystem::path wanted = std::filesystem::absolute(utf8_path(path));
  const Glob name(display(wanted.filename()));
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(wanted.parent_path(), ignored))
    if (name.matches(display(entry.path().filename()))) return true;
  return false;
}

constexpr double usual_wait = 60, widget_wait = 10;

// How many words may follow an action: least and most.
const std::map<std::string, std::pair<size_t, size_t>>& actions() {
  static const std::map<std::string, std::pair<size_t, size_t>> all = {
      {"click", {1, 3}},      {"doubleclick", {1, 3}}, {"drag", {5, 5}},     {"hover", {1, 1}},
      {"scroll", {2, 2}},     {"type", {1, 1}},        {"key", {1, 1}},      {"wait", {1, 3}},
      {"screenshot", {1, 1}}, {"resize", {2, 2}},      {"minimise", {0, 0}}, {"restore", {0, 0}},
      {"drop", {1, 1}},       {"sleep", {1, 1}},       {"report", {0, 0}},   {"quit", {0, 0}}};
  return all;
}

std::vector<std::string> words_of(const std::string& line) {
  std::vector<std::string> words;
  for (size_t i = 0; i < line.size();) {
    if (line[i] == ' ' || line[i] == '\t' || line[i] == '\r') {
      i++;
      continue;
    }
    if (line[i] == '#') break;
    std::string word;
    if (line[i] == '"') {
      const size_t end = std::min(line.find('"', i + 1), line.size());
      word = line.substr(i + 1, end - i - 1);
      i = end + 1;
    } else {
      const size_t end = std::min(line.find_first_of(" \t\r", i), line.size());
      word = line.substr(i, end - i);
      i = end;
    }
    words.push_back(word);
  }
  return words;
}

std::optional<double> number_of(const std::string& word) {
  double value = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size() || !std::isfinite(value)) return {};
  return value;
}

}  // namespace

std::vector<ScriptLine> parse_script(const std::string& text, const std::string& name) {
  std::vector<ScriptLine> lines;
  std::istringstream in(text);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    number++;
    ScriptLine l{number, words_of(line)};
    if (l.words.empty()) continue;
    const auto known = actions().find(l.words[0]);
    if (known == actions().end())
      throw InputError("[script] {}, line {}: '{}' is no action; `lacuna-viewer --help` lists them",
                       name, number, l.words[0]);
    const size_t given = l.words.size() - 1;
    if (given < known->second.first || given > known->second.second)
      throw InputError("[script] {}, line {}: {} takes {} to {} words, not {}", name, number,
                       l.words[0], known->second.first, known->second.second, given);
    if (l.words[0] == "key" && !parse_chord(l.words[1]))
      throw InputError("[script] {}, line {}: '{}' is no key", name, number, l.words[1]);
    lines.push_back(std::move(l));
  }
  return lines;
}

Script::Script(const std::filesystem::path& file)
    : name_(display(file)), lines_(parse_script(read_file(file, 1 << 20), name_)) {
  widget_map().recording = true;
}

void Script::fail(const std::string& why) const {
  throw InputError("[script] {}, line {}: {}", name_, lines_[at_].number, why);
}

double Script::number(size_t word, double fallback) const {
  const std::vector<std::string>& words = lines_[at_].words;
  if (word >= words.size()) return fallback;
  const std::optional<double> value = number_of(words[word]);
  if (!value) fail(fmt::format("'{}' is no number", words[word]));
  return *value;
}

void Script::next() {
  at_++;
  stage_ = 0;
  begin_ = -1;
}

// The point at shares of the widget's sides.
ImVec2 Script::place(size_t word) const {
  const auto spot = widget_map().find(lines_[at_].words[1]);
  if (!spot) return {-1, -1};
  const auto x = static_cast<float>(number(word, 0.5)),
             y = static_cast<float>(number(word + 1, 0.5));
  return {spot->low.x + x * (spot->high.x - spot->low.x),
          spot->low.y + y * (spot->high.y - spot->low.y)};
}

// True when the action is over. The pointer comes, rests a frame, presses, and lets go.
bool Script::pointer(Window&) {
  const std::vector<std::string>& words = lines_[at_].words;
  const auto spot = widget_map().find(words[1]);
  if (stage_ == 0) {
    widget_map().reveal = spot ? "" : words[1];
    if (!spot || (!spot->enabled && words[0] != "hover")) {
      if (wall_seconds() - begin_ > widget_wait)
        fail(fmt::format("the widget '{}' {}", words[1],
                         spot ? "cannot be used now" : "is not on the screen"));
      return false;
    }
    mouse_ = place(words[0] == "scroll" ? words.size() : 2);  // without a place: the middle
    stage_ = 1;
    return false;
  }
  stage_++;
  if (words[0] == "hover") return stage_ == 4;
  if (words[0] == "scroll") {
    if (stage_ == 3) scroll(static_cast<float>(number(2, 1)));
    return stage_ == 6;
  }
  if (stage_ == 3) down_ = true;
  if (words[0] == "click") {
    if (stage_ == 5) down_ = false;
    return stage_ == 7;
  }
  if (words[0] == "doubleclick") {
    float& passed = ImGui::GetIO().DeltaTime;
    passed = std::min(passed, 0.02f);  // a slow machine is no slow finger
    if (stage_ == 4 || stage_ == 6) down_ = false;
    if (stage_ == 5) down_ = true;
    return stage_ == 8;
  }
  // drag: the way in some steps
  constexpr int steps = 12;
  if (stage_ > 3 && stage_ <= 3 + steps && spot) {
    const auto share = static_cast<float>(stage_ - 3) / steps;
    const auto x = static_cast<float>(number(2, 0) + share * (number(4, 0) - number(2, 0)));
    const auto y = static_cast<float>(number(3, 0) + share * (number(5, 0) - number(3, 0)));
    mouse_ = {spot->low.x + x * (spot->high.x - spot->low.x),
              spot->low.y + y * (spot->high.y - spot->low.y)};
  }
  if (stage_ == 5 + steps) down_ = false;
  return stage_ == 7 + steps;
}

bool Script::condition(const Snapshot& now) {
  const std::vector<std::string>& words = lines_[at_].words;
  const std::string& what = words[1];
  const bool counts = what == "step" || what == "iteration",
             named = what == "widget" || what == "file";
  if ((counts || named) && words.size() < 3) fail("wait " + what + " needs one more word");
  bool met = false;
  if (what == "file")
    met = any_file(words[2]);
  else if (what == "idle")
    met = !now.busy && stage_ > 3;  // what was just clicked has reached the other thread
  else if (what == "paused")
    met = now.erase.paused;
  else if (what == "model")
    met = now.model.ready || !now.model.error.empty();
  else if (what == "picture")
    met = now.draw.number > seen_ && !now.draw.running && !now.draw.cancelled && !now.busy;
  else if (what == "step")
    met = now.draw.number > seen_ && now.draw.call >= static_cast<int>(number(2, 0));
  else if (what == "iteration")
    met = now.erase.phase == training_phase && now.erase.at >= static_cast<int64_t>(number(2, 0));
  else if (what == "erased")
    met = !now.erase.phase.empty() && !now.erase.running && !now.busy;
  else if (what == "widget")
    met = widget_map().find(words[2]).has_value();
  else
    fail(fmt::format("'{}' is nothing to wait for", what));
  if (met && what == "picture") seen_ = now.draw.number;
  const double longest = number(counts || named ? 3 : 2, usual_wait);
  if (!met && wall_seconds() - begin_ > longest)
    fail(fmt::format("waited {:g} s for {} in vain{}", longest, what,
                     now.draw.error.empty() ? "" : "; the last drawing failed: " + now.draw.error));
  stage_++;
  return met;
}

void Script::play(Window& window, const Snapshot& now, const Pictures& pictures) {
  if (!running()) return;
  if (begin_ < 0) begin_ = wall_seconds();
  const std::vector<std::string>& words = lines_[at_].words;
  const std::string& action = words[0];
  bool done = true;
  if (action == "click" || action == "doubleclick" || action == "drag" || action == "hover" ||
      action == "scroll") {
    done = pointer(window);
  } else if (action == "type") {
    if (stage_ == 0) ImGui::GetIO().AddInputCharactersUTF8(words[1].c_str());
    done = ++stage_ == 3;
  } else if (action == "key") {
    if (stage_ < 2) press(*parse_chord(words[1]), stage_ == 0);
    done = ++stage_ == 4;
  } else if (action == "wait") {
    done = condition(now);
  } else if (action == "screenshot") {
    // The frame after this one shows the pointer's last effect.
    if (stage_ == 1) screenshot_ = words[1];
    done = ++stage_ == 2;
  } else if (action == "resize") {
    if (stage_ == 0)
      window.resize(static_cast<int>(number(1, 800)), static_cast<int>(number(2, 600)));
    done = ++stage_ == 6;
  } else if (action == "minimise" || action == "restore") {
    if (stage_ == 0) window.minimise(action == "minimise");
    done = ++stage_ == 6;
  } else if (action == "drop") {
    window.drop(words[1]);
  } else if (action == "sleep") {
    done = wall_seconds() - begin_ >= number(1, 0);
  } else if (action == "report") {
    const DrawState& d = now.draw;
    fmt::print(
        "drawing {}: {} of {} calls in {:.3f} s, previews {:.4f} s; erase {} of {}, previews "
        "{:.3f} s; textures {} straight from the device, {} through the host\n",
        d.number, d.call, d.calls, d.seconds, d.preview_seconds, now.erase.at, now.erase.of,
        now.erase.preview_seconds, pictures.from_device(), pictures.from_host());
  } else {
    window.close();
  }
  if (done) next();
  inject();
}

void Script::inject() const {
  if (mouse_.x >= 0) set_mouse(mouse_, down_);
}

std::filesystem::path Script::take_screenshot() { return std::exchange(screenshot_, {}); }

}  // namespace lacuna::viewer
