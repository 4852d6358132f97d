// Sample: a prompt becomes an image, step by step.
#pragma once

#include "viewer/vulkan/context.h"

namespace lacuna::viewer {

class SamplePanel {
 public:
  void controls(Context& c);  // the left column
  void view(Context& c);      // the rest
  void ask_where_to_save(Context& c);
  void copy_picture(Context& c);
  void save_chosen(Context& c);  // writes the copy once its name is known

 private:
  void copy_settings(Context& c);

  std::filesystem::path saved_;  // the file to copy
};

}  // namespace lacuna::viewer
