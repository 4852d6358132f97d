// lacuna-viewer: the window. Exit status as the command line's: 0 done, 1 an error of ours, 2 bad
// input, 3 no display, no usable device or a device error.
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/options/arguments.h"
#include "jobs/version.h"
#include "viewer/app.h"

namespace {

using namespace lacuna;

constexpr const char* actions =
    "Actions of a script, one a line; words with spaces in double quotes, # begins a\n"
    "comment (viewer/script.h says more):\n"
    "  click|doubleclick NAME [X Y] | drag NAME X Y X Y | hover NAME | scroll NAME LINES\n"
    "  type TEXT | key ctrl+enter\n"
    "  wait idle|model|picture|erased|paused [SECONDS]\n"
    "  wait step|iteration N [SECONDS]\n"
    "  wait widget|file NAME [SECONDS] | sleep SECONDS | screenshot FILE\n"
    "  resize W H | minimise | restore | drop FILE | report | quit";

class Viewer : public Verb {
 public:
  Viewer()
      : Verb("lacuna-viewer",
             "lacuna-viewer: sampling, comparing and erasing in a window, as they happen.",
             "viewer") {
    Fields& f = fields;
    f.group("To begin with");
    f.add("model", options.model, "DIR|FILE",
          "Stable Diffusion 1.x model: a diffusers folder or a single .safetensors file")
        .usually("the last one, at first pico, the embedded model");
    f.add("edit", options.edits, "FILE[:X]",
          "Begin with this edit, at a strength of 1 or the number after a colon; several edits add "
          "up");
    f.add("out", options.gallery, "DIR",
          "Folder of the pictures that are drawn and of the gallery");
    f.add("no-settings", options.no_settings, "Neither read nor write the user's settings");
    f.group("Devices");
    f.add("device", options.device, "N|NAME", "GPU to compute on: a number or a part of its name")
        .usually("the best");
    f.add("precision", options.precision, "f16|f32|auto",
          "How weights and activations are stored; auto is f16 on GPUs")
        .one_of({"f16", "f32", "auto"});
    f.add("present-on", options.present_on, "N|NAME", "GPU to draw the window with")
        .usually("the same, or the first that can if that one cannot");
    f.add("scale", options.scale, "X", "Larger or smaller than the monitor asks for, 0.5 to 4")
        .range(0.5, 4, "it lies between 0.5 and 4")
        .usually("");
    f.group("Scripts");
    f.add("script", options.script, "FILE", "Play a user's actions from a file");
    f.add("validation", options.validation,
          "Check every Vulkan call; end with status 1 if the layer reported something");
    notes_ = actions;
  }
  void run() override { status = viewer::run_app(options); }

  viewer::AppOptions options;
  int status = 0;
};

int report(const std::string& sentence, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lacuna-viewer: %s\n", sentence.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Viewer root;
    const Arguments asked = parse_arguments(root, words_of(argc, argv));
    if (asked.wish == Arguments::help)
      std::fputs(help_text(root, asked.path).c_str(), stdout);
    else if (asked.wish == Arguments::version)
      std::puts(version_text().c_str());
    else
      root.run();
    return root.status;
  } catch (const Error& e) {
    return report(e.what(), e.exit_status());
  } catch (const std::bad_alloc&) {
    return report("[memory] the machine has no memory left for this", 3);
  } catch (const std::exception& e) {
    return report(std::string("[viewer] unexpected: ") + e.what() + "; please report this", 1);
  }
}
