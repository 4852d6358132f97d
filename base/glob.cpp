#include "base/glob.h"

#include "base/error.h"

namespace lacuna {

class Glob::Parser {
 public:
  Parser(std::string_view pattern, std::vector<Step>& steps) : pattern_(pattern), steps_(steps) {}

  void run() {
    sequence(0);
    if (at_ < pattern_.size()) fail("'}' closes nothing");
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw InputError("[params] {} at character {} of the pattern '{}{}'; correct the pattern", what,
                     at_ + 1, pattern_.substr(0, 80), pattern_.size() > 80 ? "..." : "");
  }

  // Up to the end or, inside braces, up to a comma or the closing brace.
  void sequence(int depth) {
    for (; at_ < pattern_.size(); at_++) {
      const char c = pattern_[at_];
      if (c == '}' || (c == ',' && depth > 0)) return;
      if (c == '*') {
        const size_t split = emit({Op::split});
        any();
        emit({.op = Op::jump, .a = split});
        steps_[split].a = split + 1, steps_[split].b = steps_.size();
      } else if (c == '?') {
        any();
      } else if (c == '[') {
        emit({.op = Op::one_of, .set = char_class()});
      } else if (c == ']') {
        fail("']' closes nothing");
      } else if (c == '{') {
        alternatives(depth);
      } else {
        emit({.op = Op::one_of, .set = std::bitset<256>().set(static_cast<uint8_t>(c))});
      }
    }
  }

  void alternatives(int depth) {
    constexpr int deepest = 30;  // each level costs stack
    if (depth == deepest) fail("'{' inside too many others");
    const size_t open = at_;
    std::vector<size_t> ends;
    for (;;) {
      const size_t split = emit({Op::split});
      at_++;
      sequence(depth + 1);
      if (at_ == pattern_.size()) {
        at_ = open;
        fail("'{' is not closed");
      }
      ends.push_back(emit({Op::jump}));
      steps_[split].a = split + 1;
      // The last one has no other choice.
      steps_[split].b = pattern_[at_] == '}' ? split + 1 : steps_.size();
      if (pattern_[at_] == '}') break;
    }
    for (const size_t end : ends) steps_[end].a = steps_.size();
  }

  std::bitset<256> char_class() {
    const size_t open = at_, close = pattern_.find(']', open);
    if (close == std::string_view::npos) fail("'[' is not closed");
    std::string_view inside = pattern_.substr(open + 1, close - open - 1);
    const bool others = inside.starts_with('!') || inside.starts_with('^');
    if (others) inside.remove_prefix(1);
    if (inside.empty()) fail("'[]' holds no character");
    std::bitset<256> set;
    for (size_t i = 0; i < inside.size(); i++) {
      const auto first = static_cast<uint8_t>(inside[i]);
      auto last = first;
      if (i + 2 < inside.size() && inside[i + 1] == '-') {
        last = static_cast<uint8_t>(inside[i + 2]);
        i += 2;
      }
      if (last < first) fail("a range that runs backwards, in '['");
      for (size_t c = first; c <= last; c++) set.set(c);
    }
    at_ = close;
    return others ? ~set : set;
  }

  void any() { emit({.op = Op::one_of, .set = ~std::bitset<256>()}); }
  size_t emit(Step step) {
    steps_.push_back(step);
    return steps_.size() - 1;
  }

  std::string_view pattern_;
  std::vector<Step>& steps_;
  size_t at_ = 0;
};

Glob::Glob(std::string_view pattern) {
  constexpr size_t longest = 4096;
  if (pattern.size() > longest)
    throw InputError("[params] a pattern of {} characters is too long, at most {} are allowed",
                     pattern.size(), longest);
  Parser(pattern, steps_).run();
}

bool Glob::matches(std::string_view text) const {
  std::vector<size_t> now, next, open;
  std::vector<size_t> seen(steps_.size() + 1, 0);  // the position at which a step was last reached
  const auto reach = [&](std::vector<size_t>& states, size_t start, size_t position) {
    open.push_back(start);
    while (!open.empty()) {
      const size_t at = open.back();
      open.pop_back();
      if (seen[at] == position + 1) continue;
      seen[at] = position + 1;
      if (at == steps_.size() || steps_[at].op == Op::one_of) {
        states.push_back(at);
        continue;
      }
      open.push_back(steps_[at].a);
      if (steps_[at].op == Op::split) open.push_back(steps_[at].b);
    }
  };
  reach(now, 0, 0);
  for (size_t i = 0; i < text.size() && !now.empty(); i++) {
    next.clear();
    for (const size_t at : now)
      if (at < steps_.size() && steps_[at].set[static_cast<uint8_t>(text[i])])
        reach(next, at + 1, i + 1);
    now.swap(next);
  }
  return seen[steps_.size()] == text.size() + 1;
}

}  // namespace lacuna
