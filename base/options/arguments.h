// The command line: words of the shell into the fields of a verb.
//
//   lacuna erase esd --concept red --concept blue --eta=3 --force
//
// An option may stand anywhere behind its verb. What follows -- has no options any more.
#pragma once

#include <span>
#include <string>

#include "base/options/verb.h"

namespace lacuna {

struct Arguments {
  Verb* verb = nullptr;  // the one that was asked for, with its fields set
  std::string path;      // how it was called: "lacuna erase esd"
  enum { run, help, version } wish = run;
};

// `words` are those behind the program's name, which is root's. Sets the fields of the verb that
// they name. Throws InputError for what is unknown, with the nearest name, and for values that an
// option does not take.
Arguments parse_arguments(Verb& root, std::span<const std::string> words);
std::vector<std::string> words_of(int argc, char** argv);

// What --help prints: lines of at most 80 columns, options under their headings.
std::string help_text(const Verb& verb, const std::string& path);

}  // namespace lacuna
