#include "jobs/interrupt.h"

#include <csignal>
#include <cstdlib>

namespace lacuna {
namespace {

volatile std::sig_atomic_t stop = 0;

void on_signal(int signal) {
  if (stop) std::_Exit(130);
  stop = 1;
  std::signal(signal, on_signal);  // some systems reset the handler at each signal
}

}  // namespace

void catch_interrupts() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() { return stop != 0; }

}  // namespace lacuna
