// lacuna <verb>: parses the command line, calls one verb, and turns every error into one sentence.
#include <fmt/core.h>



int main() {
  fmt::print("lacuna {}\n", LACUNA_VERSION);
  return 0;
}
