#include "erase/concept/decisions.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/options/option.h"
#include "base/text.h"
#include "erase/phrasing.h"
#include "erase/seeds.h"

namespace lacuna {
namespace {

// Shares below which two effects count as one, and a word as unknown to the model; of a concept's
// own effect.
constexpr double same = 0.35, unknown = 0.35, name_known = 0.8;
constexpr double least_distance = 0.5, far_enough = 0.9;
constexpr size_t most_neighbours = 16, most_anchors = 8, most_fillers = 10, most_vocabulary = 64;

class Finder {
 public:
  Finder(StableDiffusion& model, TextCache& text, LatentSize size, const Lexicon& lexicon,
         const ConceptQuestion& q, const std::function<void()>& go_on)
      : model_(model),
        text_(text),
        size_(size),
        all_(lexicon),
        known_(lexicon.known_to(model.tokenizer())),
        q_(q),
        go_on_(go_on) {
    for (const std::string& c : q.all) erased_.push_back(words_of_concept(c, lexicon).words);
  }

  Decisions run() {
    const ConceptWords w = words_of_concept(q_.concept_, all_);
    d_.words = w.words;
    check();
    choose_kind(w);
    choose_fillers();
    look_at_places();
    find_neighbours();
    find_implied();
    choose_anchors();
    make_sentences();
    d_.fillers = fillers_;
    return std::move(d_);
  }

 private:
  // Whether a text names something that is erased.
  bool erased(const std::string& text) const {
    return std::ranges::any_of(
        erased_, [&](const std::string& words) { return place_of(words, text).has_value(); });
  }

  void check() const {
    if (d_.words.empty())
      throw InputError("[erase] the concept is empty; name it with {} \"red\"", option("concept"));
    check_tokens("erase", model_.tokenizer(), {d_.words});
    for (const std::string& r : q_.retained)
      if (place_of(d_.words, r))
        throw InputError(
            "[erase] \"{}\" is to stay and names \"{}\", which is to be erased; leave "
            "out one of the two",
            r, d_.words);
    if (!q_.anchor) return;
    if (lower_ascii(*q_.anchor) == lower_ascii(d_.words))
      throw InputError("[erase] \"{}\" is its own anchor, so nothing would change; name another {}",
                       d_.words, option("anchor"));
    if (erased(*q_.anchor))
      throw InputError(
          "[erase] the anchor \"{}\" names \"{}\", which is to be erased; name "
          "another {}",
          *q_.anchor, d_.words, option("anchor"));
  }

  void choose_kind(const ConceptWords& w) {
    d_.kind = q_.kind.value_or(w.kind.value_or(ConceptKind::style));
    if (q_.kind)
      d_.kind_reason = "as asked for";
    else if (w.kind)
      d_.kind_reason = w.reason;
    else
      d_.kind_reason = "no list of lacuna's has it, so it is taken for a name";
  }

  void choose_fillers() {
    const auto chosen = [&](const std::vector<std::string>& from) {
      std::vector<std::string> list;
      for (const std::string& w : from)
        if (!erased(w) && list.size() < most_fillers) list.push_back(w);
      return list;
    };
    fillers_ = {chosen(known_.objects), chosen(known_.attributes), chosen(known_.styles), false};
    const size_t space = d_.words.find(' ');
    fillers_.attributed_gap = d_.kind == ConceptKind::object && space != std::string::npos &&
                              contains(all_.attributes, d_.words.substr(0, space));
    // What only the background has is no good attribute.
    std::erase_if(fillers_.attributes,
                  [](const std::string& w) { return w == "white" || w == "black" || w == "gray"; });
  }

  // Where effects are measured: on the way to images without the concept, which favour no word.
  void look_at_places() {
    const std::vector<Sentence> two = sentences(d_.kind, Use::learn, fillers_, 2);
    std::vector<std::string> texts;
    for (const Sentence& s : two) texts.push_back(without(s));
    const std::vector<uint64_t> seeds = seeds_of(mix(q_.seed, 11), texts.size());
    constexpr int at[] = {0, 2};
    auto found = places_towards(model_, text_, texts, seeds, size_, 10, 5, at, go_on_);
    std::vector<Place> places = {std::move(found[0][0]), std::move(found[1][1])};
    d_.places = places;
    effects_.emplace(model_, text_, size_, std::move(places));
    slots_ = two;
  }

  // The effect of a word in the slots of the concept, against an empty gap.
  Predicted effect(const std::string& word) {
    Predicted sum;
    for (const Sentence& s : slots_) {
      const Predicted d = difference(effects_->of(s.with(word)), effects_->of(without(s)));
      sum.insert(sum.end(), d.begin(), d.end());
    }
    return sum;
  }

  static double steady(const Predicted& effect) {
    const std::span<const float> all(effect);
    return cosine(all.first(all.size() / 2), all.last(all.size() / 2));
  }

  static std::string without(const Sentence& s) { return s.phrasing("", "").text(); }

  std::vector<std::string> candidates() {
    const std::vector<std::string>& list = d_.kind == ConceptKind::attribute ? known_.attributes
                                           : d_.kind == ConceptKind::style   ? known_.styles
                                                                             : known_.objects;
    std::vector<std::string> all;
    for (const std::string& w : list)
      if (!erased(w) && all.size() < 24) all.push_back(w);
    if (d_.kind == ConceptKind::object) add_heads(all);
    if (all.size() >= 4) return all;
    // Of names the lists have few: what the vocabulary has and no list.
    for (const std::string& w : near_in_vocabulary(most_vocabulary))
      if (!contains(all_.attributes, w) && !contains(all_.objects, w)) all.push_back(w);
    return all;
  }

  // "grumpy cat": the head alone; "red circle": the head with other attributes.
  void add_heads(std::vector<std::string>& all) {
    const size_t space = d_.words.rfind(' ');
    if (space == std::string::npos) return;
    const std::string head = d_.words.substr(space + 1), modifier = d_.words.substr(0, space);
    std::vector<std::string> heads;
    if (contains(all_.attributes, modifier)) {
      for (const std::string& a : fillers_.attributes)
        if (lower_ascii(a) != lower_ascii(modifier)) heads.push_back(a + " " + head);
    } else {
      heads.push_back(head);
    }
    std::erase_if(all, [&](const std::string& w) { return contains(heads, w); });
    all.insert(all.begin(), heads.begin(), heads.end());
    heads_ = heads;
  }

  // Words of the vocabulary, erased ones left out, whose embedding is nearest to that of the
  // concept's last token.
  std::vector<std::string> near_in_vocabulary(size_t count) {
    const WeightStore& weights = model_.text_weights();
    const auto found = weights.loaded().find("text_model.embeddings.token_embedding.weight");
    if (found == weights.loaded().end()) return {};
    const std::vector<float> table = weights.values(found->second);
    const auto width = static_cast<size_t>(found->second.type.shape.last());
    const Tokenizer& tokenizer = model_.tokenizer();
    const auto row = [&](int32_t id) {
      return std::span(table).subspan(static_cast<size_t>(id) * width, width);
    };
    const std::span<const float> own = row(tokenizer.tokens_of(d_.words).back());
    std::vector<std::pair<double, std::string>> near;
    for (const std::string& w : vocabulary_words(tokenizer)) {
      const int32_t id = tokenizer.tokens_of(w).front();
      if (!erased(w)) near.emplace_back(-cosine(own, row(id)), w);
    }
    std::ranges::sort(near);
    std::vector<std::string> words;
    for (const auto& [c, w] : near)
      if (words.size() < count) words.push_back(w);
    return words;
  }

  void find_neighbours() {
    std::vector<std::string> all = candidates(), texts;
    const auto add = [&](const std::string& w) {
      for (const Sentence& s : slots_) texts.push_back(s.with(w));
    };
    add(d_.words);
    for (const Sentence& s : slots_) texts.push_back(without(s));
    for (const std::string& w : all) add(w);
    for (size_t i = 0; i < texts.size(); i += 8) {
      go_on_();
      effects_->compute(std::span(texts).subspan(i, std::min<size_t>(8, texts.size() - i)));
    }
    const Predicted own = effect(d_.words);
    const double length = norm(own);
    d_.strength = length / norm(effects_->of(slots_[0].with(d_.words)));
    d_.steady = steady(own);
    for (const std::string& w : all) {
      const Predicted e = effect(w);
      const Neighbour n = {w, cosine(e, own), norm(difference(e, own)) / length, norm(e) / length,
                           steady(e)};
      const bool head = contains(heads_, w);
      if (n.distance < same && !head)
        d_.synonyms.push_back(w);
      else if (n.strength >= (listed(w) ? unknown : name_known) || head)
        d_.neighbours.push_back(n);
    }
    check_drawable();
    std::ranges::stable_sort(d_.neighbours, std::greater{}, &Neighbour::near);
    if (d_.neighbours.size() > most_neighbours) d_.neighbours.resize(most_neighbours);
  }

  // A word in pieces that does less than most words of its kind means nothing to the model.
  void check_drawable() const {
    if (q_.kind || in_whole_words(model_.tokenizer(), d_.words)) return;
    if (d_.neighbours.size() < 3 || d_.kind == ConceptKind::caption) return;
    const auto stronger = static_cast<size_t>(
        std::ranges::count_if(d_.neighbours, [](const Neighbour& n) { return n.strength > 1; }));
    if (4 * stronger < 3 * d_.neighbours.size()) return;
    throw InputError(
        "[erase] the model does not seem to know \"{}\", so there is nothing to erase: {} of {} "
        "words of its kind change a prediction more; if images do show it, say {}",
        d_.words, stronger, d_.neighbours.size(), option("kind"));
  }

  bool listed(const std::string& w) const {
    return contains(all_.attributes, w) || contains(all_.objects, w) || contains(all_.styles, w);
  }

  // The attribute whose naming changes an image of the concept least, if that is little.
  void find_implied() {
    if (d_.kind != ConceptKind::object || !heads_.empty()) return;
    const std::string bare = with_article(d_.words);
    std::vector<double> changes;
    std::vector<std::string> texts = {bare};
    for (const std::string& a : fillers_.attributes)
      texts.push_back(with_article(a + " " + d_.words));
    go_on_();
    effects_->compute(texts);
    for (const std::string& a : fillers_.attributes)
      changes.push_back(effects_->distance(with_article(a + " " + d_.words), bare));
    if (changes.size() < 3) return;
    const auto least = std::ranges::min_element(changes);
    std::vector<double> sorted = changes;
    std::ranges::sort(sorted);
    const double median = sorted[sorted.size() / 2];
    if (*least < 0.5 * median)
      d_.implied = fillers_.attributes[static_cast<size_t>(least - changes.begin())];
  }

  // How much of what else a sentence says still acts with this word in the concept's place.
  double keeps(const std::string& word) {
    const std::vector<std::string>& others =
        d_.kind == ConceptKind::object ? fillers_.attributes : fillers_.objects;
    const auto sentence = [&](const std::string& other, const std::string& w) {
      if (d_.kind == ConceptKind::attribute) return with_article(w + " " + other);
      if (d_.kind == ConceptKind::object) return with_article(other + " " + w);
      return with_article(other) + " in the style of " + w;
    };
    // From one other word to the next, as bare words may imply something themselves.
    double sum = 0;
    size_t count = 0;
    for (size_t i = 0; i + 1 < std::min<size_t>(4, others.size()); i += 2) {
      const auto change = [&](const std::string& w) {
        const std::string both[] = {sentence(others[i], w), sentence(others[i + 1], w)};
        effects_->compute(both);
        return difference(effects_->of(both[0]), effects_->of(both[1]));
      };
      sum += cosine(change(word), change(d_.words));
      count++;
    }
    return count ? sum / static_cast<double>(count) : 1;
  }

  void choose_anchors() {
    const auto only = [&](std::string words, std::string reason) {
      d_.anchors.push_back({std::move(words), std::move(reason), {}, {}});
    };
    if (q_.anchor)
      return only(*q_.anchor,
                  q_.anchor->empty() ? "nothing takes its place, as asked for" : "as asked for");
    if (d_.kind == ConceptKind::caption) return only("", "nothing takes the place of one image");
    if (heads_.size() == 1) return only(heads_[0], "what remains without the first word");
    std::vector<const Neighbour*> choices;
    double best = 0;
    for (Neighbour& n : d_.neighbours) {
      if (n.distance < least_distance || choices.size() >= most_anchors) continue;
      if (!heads_.empty() && !contains(heads_, n.words)) continue;
      go_on_();
      n.keeps = keeps(n.words);
      best = std::max(best, n.keeps * n.steady);
      choices.push_back(&n);
    }
    if (choices.empty()) return only("", "the model knows nothing of its kind");
    // First those that are nearly as good as the best. Of these the nearest one first, so that
    // little has to change, if it is as far from the concept as nothing at all would be.
    const auto better = [&](const Neighbour* n, const Neighbour* than) {
      const double own = n->keeps * n->steady, others = than->keeps * than->steady;
      const bool good = own >= 0.9 * best, also = others >= 0.9 * best;
      if (!good || !also) return own > others;
      const bool far = n->distance >= far_enough, too = than->distance >= far_enough;
      if (far != too) return far;
      return far ? n->distance < than->distance : n->distance > than->distance;
    };
    std::ranges::stable_sort(choices, better);
    for (const Neighbour* n : choices)
      if (d_.anchors.size() < q_.anchors)
        only(n->words, fmt::format("of {} neighbours it is far enough and keeps what else a prompt "
                                   "says",
                                   choices.size()));
  }

  void make_sentences() {
    std::vector<Sentence> learned = {Sentence{}};
    std::ranges::copy(sentences(d_.kind, Use::learn, fillers_, q_.learned),
                      std::back_inserter(learned));
    const std::vector<Sentence> measured = sentences(d_.kind, Use::measure, fillers_, q_.measured);
    for (ConceptAnchor& a : d_.anchors) {
      for (const Sentence& s : learned)
        a.learned.push_back(s.phrasing(d_.words, d_.in_place(a, s)));
      for (const Sentence& s : measured)
        a.measured.push_back(s.phrasing(d_.words, d_.in_place(a, s)));
    }

    d_.kept = q_.retained;
    std::set<std::string> known(d_.kept.begin(), d_.kept.end());
    const auto keep = [&](std::vector<std::string>& to, const std::string& text) {
      if (!erased(text) && known.insert(text).second) to.push_back(text);
    };
    if (d_.kind != ConceptKind::caption)
      for (const Neighbour& n : d_.neighbours)
        keep(d_.kept, d_.kind == ConceptKind::object ? with_article(n.words) : n.words);
    const auto of_neighbours = [&](std::vector<std::string>& to, Use use, size_t count) {
      const std::vector<Sentence> slots = sentences(d_.kind, use, fillers_, count);
      for (size_t i = 0; i < slots.size() && !d_.neighbours.empty(); i++) {
        // "cat" is what "grumpy cat" must leave most of all.
        const bool head = !heads_.empty() && i % 2 == 0;
        keep(to, slots[i].with(head ? heads_[i / 2 % heads_.size()]
                                    : d_.neighbours[i % d_.neighbours.size()].words));
      }
    };
    of_neighbours(d_.kept, Use::learn, q_.kept / 2);
    // The first ones are held back.
    std::vector<std::string> plain = plain_sentences(fillers_, q_.kept / 2 + q_.kept_measured / 2);
    for (size_t i = 0; i < plain.size(); i++)
      keep(i < q_.kept_measured / 2 ? d_.kept_measured : d_.kept, plain[i]);
    of_neighbours(d_.kept_measured, Use::measure, q_.kept_measured - d_.kept_measured.size());
  }

  StableDiffusion& model_;
  TextCache& text_;
  LatentSize size_;
  const Lexicon& all_;
  Lexicon known_;
  const ConceptQuestion& q_;
  std::vector<std::string> erased_;  // as they stand in sentences
  const std::function<void()>& go_on_;
  std::optional<Effects> effects_;
  Fillers fillers_;
  std::vector<Sentence> slots_;
  std::vector<std::string> heads_;
  Decisions d_;
};

}  // namespace

std::string Decisions::in_place(const ConceptAnchor& anchor, const Sentence& s) const {
  if (anchor.words.empty() || s.attributed || implied.empty()) return anchor.words;
  return implied + " " + anchor.words;
}

Decisions decide(StableDiffusion& model, TextCache& text, LatentSize size, const Lexicon& lexicon,
                 const ConceptQuestion& question, const std::function<void()>& go_on) {
  return Finder(model, text, size, lexicon, question, go_on).run();
}

}  // namespace lacuna
