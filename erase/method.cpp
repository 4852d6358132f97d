#include "erase/method.h"

namespace lacuna {

OptionTexts arithmetic_texts(Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::exact) return {};
  return {{arithmetic_key, std::string(name_of(arithmetic))}};
}

}  // namespace lacuna
