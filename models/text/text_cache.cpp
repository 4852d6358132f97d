#include "models/text/text_cache.h"

#include <algorithm>

namespace lacuna {

Conditioning TextCache::conditioning(const std::string& prompt) {
  if (const auto found = known_.find(prompt); found != known_.end()) return found->second;
  const Tokenizer::Encoding encoding = predictor_.tokenizer().encode(prompt);
  const auto same = [&](const CutPrompt& c) { return c.prompt == prompt; };
  if (!encoding.cut.empty() && std::none_of(cuts_.begin(), cuts_.end(), same))
    cuts_.push_back({prompt, encoding.cut});
  if (known_.size() >= most_known) known_.clear();
  return known_[prompt] = predictor_(encoding);
}

}  // namespace lacuna
