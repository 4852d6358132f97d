#include "models/text/bpe.h"

#include <sentencepiece_processor.h>

#include <bit>
#include <unordered_map>

#include "base/error.h"
#include "base/unicode.h"
#include "models/text/bpe_merges.h"

namespace lacuna {
namespace {

// SentencePiece merges characters, so "</w>" is one that the byte alphabet does not have.
constexpr char32_t end_mark = 0xe000;

// SentencePiece's ModelProto in protobuf's wire format, written by hand: its library exports its
// own protobuf, which a second one beside it would clash with.
class Wire {
 public:
  void number(int field, uint64_t value) {
    varint(static_cast<uint64_t>(field) << 3);
    varint(value);
  }
  void bytes(int field, std::string_view value) {
    varint(static_cast<uint64_t>(field) << 3 | 2);
    varint(value.size());
    out_ += value;
  }
  void real(int field, float value) {
    varint(static_cast<uint64_t>(field) << 3 | 5);
    const auto bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) out_ += static_cast<char>(bits >> shift);
  }
  const std::string& str() const { return out_; }

 private:
  void varint(uint64_t value) {
    for (; value > 127; value >>= 7) out_ += static_cast<char>(value | 128);
    out_ += static_cast<char>(value);
  }
  std::string out_;
};

enum PieceType { normal = 1, unknown = 2, control = 3 };

std::string piece(std::string_view text, float score, PieceType type) {
  Wire wire;
  wire.bytes(1, text);
  wire.real(2, score);
  wire.number(3, type);
  return wire.str();
}

// Scores: a byte and its end mark join before any merge (1); merge number r scores -r, exact in a
// float up to 2^24. All other tokens are CONTROL: they keep their id but nothing merges into them.
std::string model_proto(const std::vector<std::string>& tokens, const MergeTable& table) {
  std::vector<float> scores(tokens.size());
  std::vector<PieceType> types(tokens.size(), control);
  for (int32_t id : table.bytes) types[id] = normal;
  for (int32_t id : table.last_bytes) types[id] = normal, scores[id] = 1;
  for (size_t rank = 0; rank < table.merged.size(); ++rank) {
    types[table.merged[rank]] = normal;
    scores[table.merged[rank]] = -static_cast<float>(rank);
  }
  Wire model, trainer, normalizer;
  std::string text;
  for (size_t id = 0; id < tokens.size(); ++id) {
    text = tokens[id];
    if (types[id] == normal && text.ends_with(end_of_word)) {
      text.resize(text.size() - end_of_word.size());
      append_utf8(text, end_mark);
    }
    model.bytes(1, piece(text, scores[id], types[id]));
  }
  model.bytes(1,
              piece("<lacuna:unknown>", 0, unknown));  // SentencePiece wants one; never given out
  trainer.number(3, 2);                                // model_type: BPE
  model.bytes(2, trainer.str());
  normalizer.bytes(1, "identity");
  for (int off : {3, 4, 5})
    normalizer.number(off, 0);  // dummy prefix, whitespace removal, escaping
  model.bytes(3, normalizer.str());
  return model.str();
}

}  // namespace

Bpe::Bpe(const std::vector<std::string>& tokens, const std::vector<std::string_view>& merges,
         const std::string& where)
    : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {
  const std::string model = model_proto(tokens, check_merges(tokens, merges, where));
  if (const auto status = processor_->LoadFromSerializedProto(model); !status.ok()) {
    throw InputError(
        "[tokenizer] {}: SentencePiece refuses the vocabulary ({}); use the tokenizer "
        "folder of the checkpoint",
        where, status.ToString());
  }
}

Bpe::Bpe(Bpe&&) noexcept = default;
Bpe::~Bpe() = default;

void Bpe::encode(std::string_view word, std::vector<int32_t>& ids) const {
  std::string text;
  for (char byte : word) append_utf8(text, byte_character(static_cast<uint8_t>(byte)));
  append_utf8(text, end_mark);
  const std::vector<int> pieces = processor_->EncodeAsIds(text);
  ids.insert(ids.end(), pieces.begin(), pieces.end());
}

std::string Bpe::text_of(std::string_view token) {
  static const std::unordered_map<char32_t, char> bytes = [] {
    std::unordered_map<char32_t, char> table;
    for (int b = 0; b < 256; ++b)
      table[byte_character(static_cast<uint8_t>(b))] = static_cast<char>(b);
    return table;
  }();
  const bool ends = token.ends_with(end_of_word);
  if (ends) token.remove_suffix(end_of_word.size());
  std::string text;
  for (char32_t c : decode_utf8(token)) {
    const auto found = bytes.find(c);
    if (found != bytes.end())
      text += found->second;
    else
      append_utf8(text, c);
  }
  if (ends) text += ' ';
  return text;
}

}  // namespace lacuna
