// The verbs that only the command line has; those that do a job are in jobs/.
#pragma once

#include "base/options/verb.h"

namespace lacuna {

std::unique_ptr<Verb> diff_verb();    // which layers an edit changes
std::unique_ptr<Verb> export_verb();  // edits as files for other programs
std::unique_ptr<Verb> layers_verb();  // a model's parameters, and `layers map`
std::unique_ptr<Verb> layers_map_verb();
std::unique_ptr<Verb> check_verb();    // what images show
std::unique_ptr<Verb> bench_verb();    // how fast the device is
std::unique_ptr<Verb> tune_verb();     // which kernels are fastest
std::unique_ptr<Verb> devices_verb();  // which devices there are

}  // namespace lacuna
