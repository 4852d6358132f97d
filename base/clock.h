// Clocks for measurements: wall time and CPU time of the whole process (all threads). On a software
// driver the second is the honest one, since other programs share the machine.
#pragma once

namespace lacuna {

double wall_seconds();
double cpu_seconds();

}  // namespace lacuna
