// The conditioning of prompts, computed once a prompt while the cache holds few: a file may list a
// million.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "models/text/text_predictor.h"

namespace lacuna {

// A prompt that was too long, and what was cut.
struct CutPrompt {
  std::string prompt, cut;
};

class TextCache {
 public:
  // The predictor must outlive it.
  explicit TextCache(TextPredictor& predictor) : predictor_(predictor) {}
  Conditioning conditioning(const std::string& prompt);
  // Each prompt once, in the order in which they came.
  const std::vector<CutPrompt>& cuts() const { return cuts_; }

 private:
  static constexpr size_t most_known = 256;
  TextPredictor& predictor_;
  std::map<std::string, Conditioning> known_;
  std::vector<CutPrompt> cuts_;
};

}  // namespace lacuna
