// The model that is open, and drawing with it: what the thread that computes does for the panels
// Sample and Compare.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "jobs/draw/edits.h"
#include "viewer/worker/latent_preview.h"
#include "viewer/worker/snapshot.h"

namespace lacuna::viewer {

class Session {
 public:
  // Called with a change to make to what others see.
  using Publish = std::function<void(const std::function<void(Snapshot&)>&)>;

  // `draws`: the device also draws the window, so that images can stay on it.
  Session(Device& device, bool draws, std::string precision, std::filesystem::path gallery,
          Publish publish)
      : device_(device),
        draws_(draws),
        precision_(std::move(precision)),
        gallery_(std::move(gallery)),
        publish_(std::move(publish)) {}

  // Errors go into the snapshot and are not thrown: the window stays open.
  void open(const std::filesystem::path& folder);
  // Gives the device's memory back; open_again() is open() of the same folder.
  void close();
  void open_again();
  // Asks `go_on` before every step.
  void draw(const DrawRequest& request, const std::function<bool()>& go_on);
  void inspect(const std::vector<EditChoice>& edits);

 private:
  // Draws once with the model as it is; the result has no image if it was stopped.
  Shown draw_one(const DrawRequest& request, bool original, const Regional* regional,
                 const std::function<bool()>& go_on);
  void load_edits(const std::vector<EditChoice>& edits);
  void tell_memory(Snapshot& s) const;

  Device& device_;
  bool draws_;
  std::string precision_;
  std::filesystem::path gallery_, folder_;
  Publish publish_;
  std::unique_ptr<StableDiffusion> model_;
  std::optional<TextCache> text_;
  std::optional<LatentPreview> preview_;
  std::optional<EditedModel> edited_;
  std::vector<EditChoice> loaded_;  // the edits of edited_
  std::string loaded_text_;         // the same as an image's settings have them
  std::string original_key_;        // of original_image_: everything that it depends on
  Shown original_image_;
  double begin_ = 0, preview_seconds_ = 0;
  int calls_before_ = 0;
};

}  // namespace lacuna::viewer
