// Patterns over tensor names: * is any run of characters, ? one, [kv], [4-9] and [!q] a class,
// {a,b} alternatives, which may hold patterns again.
//
// A pattern becomes a small program whose states are followed all at once, so that the time grows
// with the product of both lengths, whatever the pattern.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace lacuna {

class Glob {
 public:
  // Throws InputError for brackets that do not close.
  explicit Glob(std::string_view pattern);
  bool matches(std::string_view text) const;  // the whole of it

 private:
  class Parser;
  enum class Op : uint8_t { one_of, split, jump };  // past the last step is the match
  struct Step {
    Op op;
    std::bitset<256> set;  // one_of: continues with the next step
    size_t a = 0, b = 0;   // split: both; jump: a
  };
  std::vector<Step> steps_;
};

}  // namespace lacuna
