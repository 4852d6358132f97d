#include "erase/examples/retained_embeddings.h"

#include <cmath>

#include "erase/examples/entry.h"
#include "erase/methods/concept_pull.h"

namespace lacuna {

RetainedEmbeddings::RetainedEmbeddings(StableDiffusion& model, TextCache& text,
                                       std::vector<std::string> prompts, int64_t batch,
                                       double weight)
    : model_(model), text_(text), prompts_(std::move(prompts)), batch_(batch), weight_(weight) {
  prompts_.emplace_back();
}

void RetainedEmbeddings::prepare() {
  if (batch_ == 0) return;
  for (const std::string& r : prompts_) original_.push_back(text_.conditioning(r).sequence);
}

Loss RetainedEmbeddings::loss(Graph& g) const {
  const Tensor ids = g.input("retained.ids", {batch_, model_.tokenizer().context()}, DType::i32);
  const Tensor sequence = model_.text_encoder().clip()(ids);
  return mse(sequence, g.input("retained.target", sequence.shape()),
             g.input("retained.weight", {batch_}));
}

void RetainedEmbeddings::fill(Feed& feed, Rng& rng) const {
  if (batch_ == 0) return;
  std::vector<std::string> texts;
  std::vector<float> targets;
  for (int64_t i = 0; i < batch_; i++) {
    // Always the empty prompt, which guidance leans on at every step.
    const size_t empty = prompts_.size() - 1;
    const size_t r = i == 0 ? empty : rng.below(empty);
    texts.push_back(prompts_[r]);
    targets.insert(targets.end(), original_[r]->begin(), original_[r]->end());
  }
  feed.set("retained.ids", token_ids(model_.tokenizer(), texts));
  feed.set("retained.target", std::move(targets));
  feed.set("retained.weight",
           std::vector<float>(static_cast<size_t>(batch_), static_cast<float>(weight_)));
}

double RetainedEmbeddings::drift(const Overlay& edited_text) const {
  if (original_.empty()) return 0;
  const std::vector<Conditioning> edited = conditioning_under(model_, edited_text, prompts_);
  double change = 0, whole = 0;
  for (size_t i = 0; i < edited.size(); i++) {
    const std::vector<float>& now = *edited[i].sequence;
    for (size_t k = 0; k < now.size(); k++) {
      const double before = (*original_[i])[k], difference = now[k] - before;
      change += difference * difference;
      whole += before * before;
    }
  }
  return whole > 0 ? std::sqrt(change / whole) : 0;
}

}  // namespace lacuna
