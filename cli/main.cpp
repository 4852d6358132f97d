// lacuna <verb>: parses the command line, runs one verb and turns every error into one sentence.
//
// Exit status: 0 done, 1 an error of ours, 2 bad input, 3 no usable device or a device error, 130
// Ctrl-C.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "cli/bench/bench.h"
#include "cli/bench/tune.h"
#include "cli/devices.h"
#include "cli/erase/diff.h"
#include "cli/erase/erase.h"
#include "cli/erase/export.h"
#include "cli/erase/layers.h"
#include "cli/help.h"
#include "cli/judge/check.h"
#include "cli/judge/eval.h"
#include "cli/sample.h"
#include "jobs/interrupt.h"

namespace {

constexpr const char* about =
    "lacuna: concept erasure for diffusion models on any Vulkan GPU.\n"
    "Every verb has its own help: lacuna sample --help";

int report(const std::string& sentence, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lacuna: %s\n", sentence.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{about, "lacuna"};
  app.set_version_flag("--version", std::string("lacuna ") + LACUNA_VERSION);
  app.require_subcommand(1);
  app.formatter(std::make_shared<lacuna::HelpFormatter>());  // before the verbs, which inherit it
  lacuna::catch_interrupts();
  lacuna::add_sample(app);
  lacuna::add_erase(app);
  lacuna::add_eval(app);
  lacuna::add_diff(app);
  lacuna::add_export(app);
  lacuna::add_check(app);
  lacuna::add_bench(app);
  lacuna::add_tune(app);
  lacuna::add_layers(app);
  lacuna::add_devices(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int status = app.exit(e);
    return status == 0 ? 0 : 2;
  } catch (const lacuna::Interrupted&) {
    return report("stopped; what was finished is kept", 130);
  } catch (const lacuna::Error& e) {
    return report(e.what(), e.exit_status());
  } catch (const std::filesystem::filesystem_error& e) {
    return report("[file] cannot look at " + lacuna::display(e.path1()) + ": " + e.code().message(),
                  2);
  } catch (const std::bad_alloc&) {
    return report(
        "[memory] the machine has no memory left for this; use a smaller --batch or --size", 3);
  } catch (const std::exception& e) {
    return report(std::string("[lacuna] unexpected: ") + e.what() + "; please report this", 1);
  }
  return 0;
}
