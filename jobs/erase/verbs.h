// lacuna erase METHOD: trains or computes an edit. The command line and the window take the same
// verbs, set the same fields and run them.
#pragma once

#include "base/options/verb.h"
#include "jobs/observer.h"

namespace lacuna {

class EraseVerb : public Verb {
 public:
  using Verb::Verb;
  // Which of the fields names the weights that change: "params" or "layers". A model's defaults
  // (model_defaults.h) belong to one of its values.
  virtual std::string weights_field() const { return "params"; }

  RunObserver* observer = nullptr;  // gets the run's output instead of the terminal
};

// `lacuna erase` itself, which chooses the method: how lists of methods call it.
inline constexpr const char* automatic_method = "automatic";

// All methods, in the order of --help.
std::vector<std::unique_ptr<EraseVerb>> erase_verbs();
// The one of that name, also automatic_method. Throws InputError if there is none.
std::unique_ptr<EraseVerb> erase_verb(const std::string& name);

// `lacuna erase` itself, without a method.
std::unique_ptr<EraseVerb> auto_verb();
std::unique_ptr<EraseVerb> esd_verb();
std::unique_ptr<EraseVerb> ablate_verb();
std::unique_ptr<EraseVerb> clip_verb();
std::unique_ptr<EraseVerb> inpaint_verb();
std::unique_ptr<EraseVerb> uce_verb();
std::unique_ptr<EraseVerb> rece_verb();
std::unique_ptr<EraseVerb> speed_verb();

}  // namespace lacuna
