// Erase: a run of `lacuna erase` with its options as fields, its loss and its images before and
// after.
#pragma once

#include "viewer/panels/erase_form.h"
#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

class ErasePanel {
 public:
  void controls(Context& c);
  void view(Context& c);
  // Start and pause by keyboard; they do nothing if there is nothing to start or to pause.
  void start(Context& c);
  void pause(Context& c);

 private:
  void choose_method(Context& c);
  void fields(Context& c, bool common);
  void field(Context& c, const EraseField& f);
  void buttons(Context& c);
  void start(Context& c, bool resume);
  void status(Context& c);
  void previews(Context& c, float height);
  void log(Context& c, float height);
  const EraseMethod& method(const Context& c) const;
  EraseValues values(const Context& c, bool resume) const;

  std::vector<EraseMethod> methods_;
  std::filesystem::path methods_of_;  // the model whose defaults they show
  std::string looked_at_;             // the edit of the run that was last added to the edits
};

}  // namespace lacuna::viewer
