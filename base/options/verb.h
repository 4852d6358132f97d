// A verb of a program: a name, a sentence, options, and what it does. Programs with a window take
// the same verbs and set the same fields.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/options/fields.h"

namespace lacuna {

class Verb {
 public:
  // `tag` begins the messages about its options; without a tag, the name does.
  Verb(std::string name, std::string about, std::string tag = {})
      : fields(tag.empty() ? name : std::move(tag)),
        name_(std::move(name)),
        about_(std::move(about)) {}
  virtual ~Verb() = default;
  Verb(const Verb&) = delete;  // the fields point into it
  Verb& operator=(const Verb&) = delete;

  const std::string& name() const { return name_; }
  const std::string& about() const { return about_; }
  // Lines below the options of --help, at most 80 columns each.
  const std::string& notes() const { return notes_; }

  // Whether it is the program itself, which also has --version.
  bool is_program() const { return is_program_; }
  // Whether it does something by itself, or only groups the verbs below it.
  virtual bool runs() const { return true; }
  // Runs it with the values that `fields` were given.
  virtual void run() {}

  Fields fields;
  std::vector<std::unique_ptr<Verb>> inner;  // "esd" of "erase"

 protected:
  std::string notes_;
  bool is_program_ = false;

 private:
  std::string name_, about_;
};

class VerbGroup : public Verb {
 public:
  using Verb::Verb;
  bool runs() const override { return false; }
};

}  // namespace lacuna
