#include "erase/run_folder.h"

#include <charconv>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/options/option.h"
#include "base/tensors/safetensors.h"
#include "pictures/chart.h"
#include "pictures/image.h"

namespace lacuna {
namespace {

constexpr const char* iteration_key = "iteration";
constexpr const char* finished_key = "finished";
constexpr size_t most_log_bytes = size_t{1} << 30;

}  // namespace

void RunFolder::check(const std::filesystem::path& folder, bool resume, bool replace) {
  if (!resume && !replace && std::filesystem::exists(state_in(folder)))
    throw InputError("[run] {} holds a run already; continue with {}, or start again with {}",
                     display(folder), option("resume"), option("force"));
}

RunFolder::RunFolder(const std::filesystem::path& folder, bool resume, bool replace)
    : folder_(folder) {
  check(folder, resume, replace);
  // A run that was killed before its first save has a folder, and starts again.
  if (resume && !std::filesystem::exists(folder))
    throw InputError("[resume] {} holds nothing to resume; leave {} out to start a run",
                     display(folder), option("resume"));
  resumes_ = resume && std::filesystem::exists(state_file());
  if (resumes_) return;
  make_folder(folder);
  std::error_code ignored;
  std::filesystem::remove(state_file(), ignored);
  log_.open(log_file(), std::ios::binary | std::ios::trunc);
  if (!log_)
    throw InputError("[run] cannot write {}; choose another {}", display(log_file()),
                     option("run"));
}

int64_t RunFolder::load(Trainables& trainables, const OptionTexts& options) {
  const TensorFile file = TensorFile::open(state_file());
  const std::string name = display(state_file());
  OptionTexts saved = file.metadata();
  int64_t iteration = 0;
  const std::string text = saved[iteration_key];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), iteration);
  if (error != std::errc() || end != text.data() + text.size() || iteration < 0)
    throw InputError("[resume] {} is no state of a run; start again with {}", name,
                     option("force"));
  saved.erase(iteration_key);
  finished_ = saved.erase(finished_key) > 0;
  std::string differences;
  const auto differ = [&](const std::string& key, const std::string& before,
                          const std::string& now) {
    const std::string none =
        key == arithmetic_key ? std::string(name_of(Arithmetic::exact)) : "not given";
    differences += fmt::format("{}{} was {} and is {}", differences.empty() ? "" : ", ", key,
                               before.empty() ? none : before, now.empty() ? none : now);
  };
  for (const auto& [key, before] : saved) {
    const auto now = options.find(key);
    if (now == options.end() || now->second != before)
      differ(key, before, now == options.end() ? "" : now->second);
  }
  for (const auto& [key, now] : options)
    if (!saved.count(key)) differ(key, "", now);
  if (!differences.empty())
    throw InputError(
        "[resume] the run in {} was started otherwise: {}; give the same options, or start again "
        "with {}",
        display(folder_), differences, option("force"));
  std::vector<Trainables::StateTensor> state;
  for (const auto& [key, elements] : trainables.state_sizes()) {
    const TensorFile::Entry& entry = file.at(key);
    if (static_cast<int64_t>(entry.count()) != elements)
      throw InputError("[resume] {}: '{}' has {} numbers and the run needs {}; start again with {}",
                       name, key, entry.count(), elements, option("force"));
    state.push_back({key, std::vector<float>(entry.count())});
    file.to_float(entry, state.back().values);
  }
  trainables.set_state(state);
  cut_log(iteration);
  return iteration;
}

void RunFolder::save(Trainables& trainables, const OptionTexts& options, int64_t iteration,
                     bool finished) {
  TensorFile::Metadata metadata = options;
  metadata[iteration_key] = std::to_string(iteration);
  if (finished) metadata[finished_key] = "yes";
  const std::vector<Trainables::StateTensor> state = trainables.state();
  std::vector<TensorToWrite> tensors;
  for (const Trainables::StateTensor& t : state)
    tensors.push_back({t.name,
                       FileDType::f32,
                       {static_cast<int64_t>(t.values.size())},
                       [&t](std::span<std::byte> bytes) {
                         std::memcpy(bytes.data(), t.values.data(), bytes.size());
                       }});
  write_safetensors(state_file(), std::move(tensors), metadata, Overwrite::yes);
}

void RunFolder::log(const nlohmann::ordered_json& event) {
  log_ << event.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  log_.flush();
  if (!log_)
    throw InputError("[run] cannot write {}; make room on the disk and continue with {}",
                     display(log_file()), option("resume"));
}

// Keeps the lines up to the iteration of the state; what came after is computed again.
void RunFolder::cut_log(int64_t iteration) {
  std::string kept;
  if (std::filesystem::exists(log_file())) {
    const std::string text = read_file(log_file(), most_log_bytes);
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      if (end == std::string::npos) break;  // torn
      const std::string line = text.substr(begin, end - begin);
      begin = end + 1;
      const auto event = nlohmann::json::parse(line, nullptr, false);
      if (!event.is_object()) continue;
      const auto at = event.find("iteration");
      if (at != event.end() && at->is_number_integer()) {
        if (at->get<int64_t>() > iteration) continue;
        const auto loss = event.find("loss");
        if (event.value("event", "") == "iteration" && loss != event.end() && loss->is_number())
          losses_.push_back({at->get<int64_t>(), loss->get<double>()});
      }
      kept += line + '\n';
    }
  }
  write_file(log_file(), kept, Overwrite::yes);
  log_.open(log_file(), std::ios::binary | std::ios::app);
  if (!log_)
    throw InputError("[run] cannot write {}; choose another {}", display(log_file()),
                     option("run"));
}

void RunFolder::draw_losses(const std::string& title) const {
  Series series{"loss", {}, {}};
  for (const LossRecord& r : losses_) {
    series.x.push_back(static_cast<double>(r.iteration));
    series.y.push_back(r.loss);
  }
  write_file(folder_ / "loss.png", encode_png(line_chart({title, "iteration", "loss", {series}})),
             Overwrite::yes);
}

}  // namespace lacuna
