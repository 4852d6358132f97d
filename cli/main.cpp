// lacuna <verb>: parses the command line, runs one verb and turns every error into one sentence.
//
// Exit status: 0 done, 1 a goal missed or an error of ours, 2 bad input, 3 no usable device or a
// device error, 130 Ctrl-C.
#include <cstdio>
#include <exception>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/options/arguments.h"
#include "cli/verbs.h"
#include "jobs/draw/sample_job.h"
#include "jobs/erase/verbs.h"
#include "jobs/eval/eval_job.h"
#include "jobs/interrupt.h"
#include "jobs/version.h"

namespace {

using namespace lacuna;

class Lacuna : public VerbGroup {
 public:
  Lacuna()
      : VerbGroup("lacuna",
                  "lacuna: concept erasure for diffusion models on any Vulkan GPU.\n"
                  "Every verb has its own help: lacuna sample --help") {
    is_program_ = true;
    std::unique_ptr<EraseVerb> erase = auto_verb();
    for (auto& method : erase_verbs()) erase->inner.push_back(std::move(method));
    inner.push_back(sample_verb());
    inner.push_back(std::move(erase));
    for (const auto make : {eval_verb, diff_verb, export_verb, check_verb, bench_verb, tune_verb,
                            layers_verb, devices_verb})
      inner.push_back(make());
  }
};

void run(std::span<const std::string> words) {
  Lacuna root;
  const Arguments asked = parse_arguments(root, words);
  if (asked.wish == Arguments::help)
    std::fputs(help_text(*asked.verb, asked.path).c_str(), stdout);
  else if (asked.wish == Arguments::version)
    std::puts(version_text().c_str());
  else
    asked.verb->run();
}

int report(const std::string& sentence, int status) {
  std::fflush(stdout);
  std::fprintf(stderr, "lacuna: %s\n", sentence.c_str());
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  catch_interrupts();
  try {
    run(words_of(argc, argv));
  } catch (const Interrupted&) {
    return report("stopped; what was finished is kept", 130);
  } catch (const Error& e) {
    return report(e.what(), e.exit_status());
  } catch (const std::filesystem::filesystem_error& e) {
    return report("[file] cannot access " + display(e.path1()) + ": " + e.code().message(), 2);
  } catch (const std::bad_alloc&) {
    return report("[memory] the machine has no memory left for this; use a smaller " +
                      option("batch") + " or " + option("size"),
                  3);
  } catch (const std::exception& e) {
    return report(std::string("[lacuna] unexpected: ") + e.what() + "; please report this", 1);
  }
  return 0;
}
