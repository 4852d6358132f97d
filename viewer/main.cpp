// lacuna-viewer: the window. Exit status as the command line's: 0 done, 1 an error of ours, 2 bad
// input, 3 no display, no usable device or a device error.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "base/error.h"
#include "base/file.h"
#include "cli/help.h"
#include "viewer/app.h"

namespace {

constexpr const char* about =
    "lacuna-viewer: sampling, comparing and erasing in a window, as they happen.";

constexpr const char* actions =
    "Actions of a script, one a line; words with spaces in double quotes, # begins a\n"
    "comment (viewer/script.h says more):\n"
    "  click|doubleclick NAME [X Y] | drag NAME X Y X Y | hover NAME | scroll NAME LINES\n"
    "  type TEXT | key ctrl+enter\n"
    "  wait idle|model|picture|erased|paused [SECONDS]\n"
    "  wait step|iteration N [SECONDS]\n"
    "  wait widget|file NAME [SECONDS] | sleep SECONDS | screenshot FILE\n"
    "  resize W H | minimise | restore | drop FILE | report | quit";

int report(const std::string& sentence, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lacuna-viewer: %s\n", sentence.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  lacuna::viewer::AppOptions o;
  CLI::App app{about, "lacuna-viewer"};
  app.formatter(std::make_shared<lacuna::HelpFormatter>());
  app.set_version_flag("--version", std::string("lacuna ") + LACUNA_VERSION);
  app.add_option(
         "--model", o.model,
         "Stable Diffusion 1.x model: a diffusers folder or a single .safetensors file (default: "
         "the last one, at first pico, the embedded model)")
      ->type_name("DIR|FILE");
  app.add_option(
         "--edit", o.edits,
         "Begin with this edit, at a strength of 1 or the number after a colon; several add "
         "up")
      ->type_name("FILE[:X]")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--out", o.gallery, "Folder of the pictures that are drawn and of the gallery")
      ->capture_default_str()
      ->type_name("DIR");
  app.add_option("--device", o.device,
                 "GPU to compute on: a number or a part of its name (default: the best)")
      ->type_name("N|NAME");
  app.add_option("--present-on", o.present_on,
                 "GPU to draw the window with (default: the same, or where it cannot, the first "
                 "that can)")
      ->type_name("N|NAME");
  app.add_option("--precision", o.precision,
                 "Storage of weights and activations: f16, f32 or auto (f16 on GPUs)")
      ->type_name("f16|f32|auto");
  app.add_option("--scale", o.scale, "Larger or smaller than the monitor asks for")
      ->check(CLI::Range(0.5, 4.0))
      ->type_name("X");
  app.add_option("--script", o.script, "Play a user's actions from a file")->type_name("FILE");
  app.add_flag("--no-settings", o.no_settings, "Neither read nor write the user's settings");
  app.add_flag("--validation", o.validation,
               "Check every Vulkan call; end with status 1 where the layer said something");
  app.footer(actions);
  try {
    app.parse(argc, argv);
    return lacuna::viewer::run_app(o);
  } catch (const CLI::ParseError& e) {
    const int status = app.exit(e);
    return status == 0 ? 0 : 2;
  } catch (const lacuna::Error& e) {
    return report(e.what(), e.exit_status());
  } catch (const std::bad_alloc&) {
    return report("[memory] the machine has no memory left for this", 3);
  } catch (const std::exception& e) {
    return report(std::string("[viewer] unexpected: ") + e.what() + "; please report this", 1);
  }
}
