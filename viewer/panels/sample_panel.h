// Sample: a prompt becomes a picture, step by step.
#pragma once

#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

class SamplePanel {
 public:
  void controls(Context& c);  // the left column
  void view(Context& c);      // the rest
  void ask_where_to_save(Context& c);
  void copy_picture(Context& c);
  void save_dialog(Context& c);  // nothing unless it was asked for

 private:
  void copy_settings(Context& c);

  std::string save_as_;
  bool asked_ = false;
};

}  // namespace lacuna::viewer
