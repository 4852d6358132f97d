// What a run leaves in its folder: run.jsonl (one event a line), the resumable
// state, and the loss curve.
//
// state.safetensors is replaced atomically and is the one truth on how far the run has come:
// resuming cuts run.jsonl back to it. The log is written line by line and may end torn.
#pragma once

#include <filesystem>
#include <fstream>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "erase/method.h"
#include "erase/trainables.h"

namespace lacuna {

// Losses of the iterations so far, as in the log.
struct LossRecord {
  int64_t iteration = 0;  // 1-based
  double loss = 0;
};

class RunFolder {
 public:
  // Makes the folder. A state that is there already is an InputError unless it is to be resumed or,
  // with `replace`, forgotten.
  RunFolder(const std::filesystem::path& folder, bool resume, bool replace);
  // Only that InputError: for verbs with much to do before the folder is needed.
  static void check(const std::filesystem::path& folder, bool resume, bool replace);

  const std::filesystem::path& path() const { return folder_; }
  // Whether there is a state to resume from.
  bool resumes() const { return resumes_; }
  // Puts the saved state into `trainables` and returns how many iterations it had done. Throws an
  // InputError that names every difference if it was made with other options or another model.
  int64_t load(Trainables& trainables, const OptionTexts& options);
  // Old state or new state, never a part of one. `finished`: the run ended before its last
  // iteration.
  void save(Trainables& trainables, const OptionTexts& options, int64_t iteration,
            bool finished = false);
  // What load() found about that.
  bool finished() const { return finished_; }

  void log(const nlohmann::ordered_json& event);
  const std::vector<LossRecord>& losses() const { return losses_; }
  void add_loss(LossRecord record) { losses_.push_back(record); }
  // Draws loss.png.
  void draw_losses(const std::string& title) const;

 private:
  static std::filesystem::path state_in(const std::filesystem::path& folder) {
    return folder / "state.safetensors";
  }
  std::filesystem::path state_file() const { return state_in(folder_); }
  std::filesystem::path log_file() const { return folder_ / "run.jsonl"; }
  void cut_log(int64_t iteration);

  std::filesystem::path folder_;
  bool resumes_ = false, finished_ = false;
  std::ofstream log_;
  std::vector<LossRecord> losses_;
};

}  // namespace lacuna
