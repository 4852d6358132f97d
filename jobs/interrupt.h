// Ctrl-C stops after the step that is running; a second one ends the program at once.
#pragma once

namespace lacuna {

struct Interrupted {};

void catch_interrupts();
bool interrupted();

}  // namespace lacuna
