#include "viewer/worker/erase_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <tuple>

#include "base/clock.h"
#include "base/error.h"
#include "jobs/erase/training_run.h"
#include "jobs/erase/verbs.h"
#include "jobs/interrupt.h"
#include "jobs/observer.h"

namespace lacuna::viewer {
namespace {

constexpr size_t most_lines = 1000;

// How far the run has come by iteration `done`, as <out>-<done>.safetensors.
std::filesystem::path snapshot_file(const std::filesystem::path& edit, int64_t done) {
  std::filesystem::path name = edit.stem();
  name += fmt::format("-{}.safetensors", done);
  return edit.parent_path() / name;
}

class Watcher : public RunObserver {
 public:
  using Publish = std::function<void(const std::function<void(Snapshot&)>&)>;
  Watcher(const EraseRequest& request, EraseControl& control, const Publish& publish)
      : request_(request), control_(control), publish_(publish), begin_(wall_seconds()) {}

  void line(const std::string& text) override {
    publish_([&](Snapshot& s) {
      std::vector<std::string>& log = s.erase.log;
      if (log.size() >= most_lines) log.erase(log.begin());
      log.push_back(text);
    });
  }

  void progress(const std::string& phase, int64_t done, int64_t total) override {
    if (phase != phase_) {
      phase_ = phase;
      phase_begin_ = wall_seconds();
      phase_start_ = done;
      looking_ = 0;
    }
    total_ = total;
    const double seconds = wall_seconds() - phase_begin_ - looking_;
    publish_([&](Snapshot& s) {
      s.erase.phase = phase;
      s.erase.at = done;
      s.erase.of = total;
      s.erase.seconds = wall_seconds() - begin_;
      if (done > phase_start_ && seconds > 0)
        s.erase.rate = static_cast<double>(done - phase_start_) / seconds;
    });
  }

  bool go_on() override {
    const double begin = wall_seconds();
    if (control_.pause && !control_.stop) {
      publish_([](Snapshot& s) { s.erase.paused = true; });
      while (control_.pause && !control_.stop) {
        if (save_) save_();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
      publish_([](Snapshot& s) { s.erase.paused = false; });
      looking_ += wall_seconds() - begin;
    }
    return !control_.stop;
  }

  void look(TrainingRun& run, const TrainingTask& task, int64_t done,
            std::span<const LossRecord> losses) override {
    publish_([&](Snapshot& s) {  // a run's losses only grow
      std::vector<LossRecord>& known = s.erase.losses;
      known.insert(known.end(), losses.begin() + static_cast<std::ptrdiff_t>(known.size()),
                   losses.end());
      s.allocated = run.device().allocated_bytes();
      s.peak = run.device().peak_bytes();
    });
    // Also for a pause before the next iteration.
    save_ = [&, done] {
      if (!control_.save.exchange(false)) return;
      const std::filesystem::path file = snapshot_file(run.edit(), done);
      run.write(file, task, {{"iteration", std::to_string(done)}});
      line(fmt::format("{}  the edit after {} iterations", display(file), done));
    };
    save_();
    const bool last = done == total_;
    const bool due = last || (request_.every > 0 && done % request_.every == 0);
    if (request_.prompts.empty() || (!due && !before_.empty()) || control_.stop) return;
    const double begin = wall_seconds();
    draw(run, task.trainables, done);
    const double took = wall_seconds() - begin;
    looking_ += took;
    publish_([&](Snapshot& s) { s.erase.preview_seconds += took; });
  }

 private:
  std::vector<ImagePtr> pictures(TrainingRun& run, const Overlay& unet, TextCache& text) {
    StableDiffusion& model = run.model();
    Predictor predictor(run.device(), model.unet(), model.dtype(), model.tokenizer().context(),
                        unet);
    std::vector<ImageRequest> requests;
    for (const std::string& prompt : request_.prompts)
      requests.push_back({prompt, "", request_.seed});
    GenerateOptions o;
    o.steps = request_.steps;
    std::tie(o.width, o.height) = run.pixels();
    std::vector<ImagePtr> images;
    for (Generated& g : generate(model, text, requests, o, [&](int, int) { return !control_.stop; },
                                 {{}, &predictor}))
      images.push_back(std::make_shared<const Image>(std::move(g.image)));
    return images;
  }

  void draw(TrainingRun& run, const Trainables& trainables, int64_t done) {
    TextCache text(run.model().text_predictor());
    if (before_.empty()) before_ = pictures(run, {}, text);
    std::vector<ImagePtr> after;
    const Overlay edited = [&](Graph& g) { trainables.replace(g); };
    if (done == 0) {
      after = before_;
    } else if (trainables.part() == ModelPart::unet) {
      after = pictures(run, edited, text);
    } else {
      TextPredictor edited_text(run.model().text_encoder(), edited);
      TextCache cache(edited_text);
      after = pictures(run, {}, cache);
    }
    if (before_.empty() || after.empty()) return;  // stopped
    publish_([&](Snapshot& s) {
      s.erase.previews.clear();
      for (size_t i = 0; i < request_.prompts.size(); i++)
        s.erase.previews.push_back({request_.prompts[i], before_[i], after[i]});
      s.erase.preview_at = done;
    });
  }

  const EraseRequest& request_;
  EraseControl& control_;
  const Publish& publish_;
  double begin_, phase_begin_ = 0, looking_ = 0;
  int64_t phase_start_ = 0, total_ = -1;
  std::string phase_;
  std::vector<ImagePtr> before_;
  std::function<void()> save_;  // writes the edit if that was asked for
};

}  // namespace

void run_erase(const EraseRequest& request, EraseControl& control,
               const std::function<void(const std::function<void(Snapshot&)>&)>& publish) {
  Watcher watcher(request, control, publish);
  std::string error;
  bool stopped = false;
  try {
    const std::unique_ptr<EraseVerb> verb = erase_verb(request.method);
    for (const auto& [name, value] : request.values) verb->fields[name].set(value);
    verb->fields.check();
    verb->observer = &watcher;
    verb->run();
  } catch (const Interrupted&) { stopped = true; } catch (const std::bad_alloc&) {
    error = "[memory] the machine has no memory left for this; use a smaller batch or size";
  } catch (const std::exception& e) { error = e.what(); }
  publish([&](Snapshot& s) {
    s.erase.running = s.erase.paused = s.erase.stopping = false;
    s.erase.done = error.empty() && !stopped;
    s.erase.error = error;
    if (stopped) s.erase.log.push_back("stopped");
  });
}

}  // namespace lacuna::viewer
