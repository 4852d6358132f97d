"""Golden token ids for tests/models/text/tokenizer.cpp: transformers' CLIPTokenizer on 25,000 strings.

Two vocabularies: pico's, and OpenAI CLIP's, which every Stable Diffusion 1.x and 2.x checkpoint has. Its
merge list (MIT licence, github.com/openai/CLIP) is read from the package clip-anytorch; the vocabulary follows
from it. Both are committed in assets/stable-diffusion-1/tokenizer, for checkpoints in a single file. Strings are kept whole, ids as a
64-bit hash, and a sample as padded lists in samples.json.

Run from the repository root, with a Python whose unicodedata is version 14 (3.11), so that the strings
hold only characters that every supported utf8proc knows: python tools/golden/tokenizer.py [multiplier]
"""

import gzip
import importlib.util
import json
import pathlib
import random
import shutil
import struct
import sys
import tempfile
import unicodedata

from transformers import CLIPTokenizer

OUT = pathlib.Path("tests/fixtures/tokenizer")
PICO = pathlib.Path("assets/pico/tokenizer")
CLIP = pathlib.Path("assets/stable-diffusion-1/tokenizer")
MULTIPLIER = float(sys.argv[1]) if len(sys.argv) > 1 else 1
rng = random.Random(20240229)


def byte_characters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [b for b in range(256) if b not in printable]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(others))]


def clip_merges():
    package = pathlib.Path(importlib.util.find_spec("clip").origin).parent
    lines = gzip.open(package / "bpe_simple_vocab_16e6.txt.gz").read().decode().split("\n")
    return lines[1 : 49152 - 256 - 2 + 1]


def clip_vocabulary(merges):
    alphabet = byte_characters()
    words = alphabet + [c + "</w>" for c in alphabet] + ["".join(m.split()) for m in merges]
    return words + ["<|startoftext|>", "<|endoftext|>"]


def make_tokenizer(folder, vocabulary, merges, pad):
    """A tokenizer folder as Stable Diffusion checkpoints have it: pico's with other files inside."""
    shutil.copytree(PICO, folder)
    for name in ("tokenizer_config.json", "special_tokens_map.json"):
        config = json.loads((folder / name).read_text()) | {"pad_token": pad}
        if "model_max_length" in config:
            config["model_max_length"] = 77
        (folder / name).write_text(json.dumps(config))
    (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(vocabulary)}))
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    return CLIPTokenizer.from_pretrained(folder)


SPACES = [chr(c) for c in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F,
                           0x205F, 0x3000, 0x1C, 0x1F, 0x200B, 0x2060, 0xFEFF)]
RANGES = [(0xA0, 0x17F), (0x180, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F),
          (0xE00, 0xE7F), (0x10A0, 0x10FF), (0x1100, 0x11FF), (0x1E00, 0x1EFF), (0x1F00, 0x1FFF), (0x2000, 0x2BFF),
          (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xFB00, 0xFB4F), (0xFF00, 0xFFEF), (0x1D400, 0x1D7FF)]
ASSIGNED = [c for c in range(0x110000) if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")]
MARKS = [chr(c) for c in ASSIGNED if unicodedata.category(chr(c)) == "Mn"]
TRICKY = [*"ſ'’‘ʼ`´K Å ﬁ ß ẞ İ ı Σ ς Ω ǅ Ǆ 가 ᄀ ᅡ ᆨ é e ½ ² Ⅷ ٣ ७ 〇 ㊿ ª º ʰ ⅓ 𝟘", "\u0301", "\u0323", "\u0345", "\u2126"]


def some(least, most):
    return range(rng.randint(least, most))


def cased(word):
    return rng.choice([word, word, word, word.upper(), word.title(), word.swapcase()])


def from_range(pair):
    while True:
        c = chr(rng.randint(*pair))
        if unicodedata.category(c) != "Cn":
            return c


def emoji():
    face = lambda: chr(rng.choice([rng.randint(0x1F300, 0x1F5FF), rng.randint(0x1F600, 0x1F64F), rng.randint(0x2600, 0x27BF)]))
    skin = lambda: chr(rng.randint(0x1F3FB, 0x1F3FF))
    flag = lambda: chr(rng.randint(0x1F1E6, 0x1F1FF)) + chr(rng.randint(0x1F1E6, 0x1F1FF))
    return rng.choice([face, lambda: face() + skin(), lambda: face() + "\ufe0f", lambda: face() + "\u200d" + face(), flag,
                       lambda: rng.choice("0123456789#*") + "\ufe0f\u20e3"])()


def strings(clip_words, pico_words):
    """Lists of str or, for ill-formed UTF-8, bytes."""
    ascii_all = [chr(c) for c in range(32, 127)]
    punctuation = [c for c in ascii_all if not c.isalnum()]
    specials = ["<|startoftext|>", "<|endoftext|>", "<|EndOfText|>", "<|STARTOFTEXT|>", "<|", "|>", "</w>", "<|endoftext|"]
    contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'LL", "'ſ", "’s", "'", "''s", "'x", "'r", "n't"]

    def words():
        return rng.choice([" ", " ", ", ", "-", "  "]).join(cased(rng.choice(clip_words)) for _ in some(1, 9))

    def caption():
        return " ".join(cased(rng.choice(pico_words)) for _ in some(1, 12)) + rng.choice(["", ".", "!", "?!"])

    kinds = [
        (5000, words),
        (2000, caption),
        (1500, lambda: "".join(rng.choice(clip_words) + rng.choice(contractions) + rng.choice(["", " "]) for _ in some(1, 4))),
        (3000, lambda: "".join(chr(rng.choice(ASSIGNED)) for _ in some(1, 8))),
        (3000, lambda: (lambda r: "".join(from_range(r) for _ in some(1, 12)))(rng.choice(RANGES))),
        (1500, lambda: rng.choice(["", " ", "a "]).join(emoji() for _ in some(1, 5))),
        (1000, lambda: "".join(rng.choice([*"0123456789.,:/-% x", "²", "½", "Ⅷ", "٣", "１"]) for _ in some(1, 15))),
        (2500, lambda: "".join(rng.choice(ascii_all) for _ in some(1, 20))),
        (500, lambda: "".join(rng.choice(punctuation) for _ in some(1, 12))),
        (1000, lambda: "".join(rng.choice(SPACES) + rng.choice(["", "a", "B", "1", "!", "é"]) for _ in some(1, 10))),
        (1500, lambda: "".join(rng.choice(TRICKY + [rng.choice(MARKS), rng.choice("aAoOiu")]) for _ in some(1, 8))),
        (1000, lambda: "".join(rng.choice(specials + [" ", "a", "!", "1", "'s"]) for _ in some(1, 6))),
        (300, lambda: "".join(chr(rng.choice([*range(0, 32), 127, *range(0x80, 0xA0), 0xFFFE, 0xFFFF, 0xE000, 0x10FFFF, 0xFFFD])) + "a" for _ in some(1, 5))),
        (150, lambda: " ".join(rng.choice(clip_words) for _ in some(60, 150))),
        (30, lambda: rng.choice(["a", "ab", "!", "7", "é", "漢", "haha", "\u0301"]) * rng.randint(100, 1500)),
        (700, lambda: bytes(rng.choice([0x61, 0x20, 0x80, 0xBF, 0xC0, 0xC3, 0xA9, 0xE0, 0xE2, 0x82, 0xAC, 0xED, 0xA0, 0xF0, 0x9F, 0x98, 0x80, 0xF4, 0x90, 0xF5, 0xFF]) for _ in some(1, 12))),
    ]
    found = ["", " ", "\n"] + [make() for count, make in kinds for _ in range(int(count * MULTIPLIER))]
    # Every word and word part of CLIP's vocabulary, forty to a string.
    return found + [" ".join(clip_words[i : i + 40]) for i in range(0, len(clip_words), 40)]


def text_of_tokens(vocabulary):
    """What the tokens of a vocabulary spell, where that is text."""
    byte_of = dict(zip(byte_characters(), [*range(33, 127), *range(161, 173), *range(174, 256),
                                           *[b for b in range(256) if b not in (*range(33, 127), *range(161, 173), *range(174, 256))]]))
    found = set()
    for token in vocabulary[:-2]:
        try:
            found.add(bytes(byte_of[c] for c in token.removesuffix("</w>")).decode())
        except UnicodeDecodeError:
            pass
    return sorted(found)


def hash_of(ids):
    h = 0xCBF29CE484222325
    for i in ids:
        h = (h ^ i) * 0x100000001B3 % 2**64
    return h


def main():
    merges = clip_merges()
    vocabulary = clip_vocabulary(merges)
    pico_words = [t.removesuffix("</w>") for t in json.loads((PICO / "vocab.json").read_text()) if t.isascii()][300:-2]
    texts = strings(text_of_tokens(vocabulary), pico_words)
    texts = [t if isinstance(t, bytes) else t.encode() for t in texts]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        tokenizers = {
            "pico": CLIPTokenizer.from_pretrained(PICO),
            "clip": make_tokenizer(folder / "sd1", vocabulary, merges, "<|endoftext|>"),
            "clip_pad_0": make_tokenizer(folder / "sd2", vocabulary, merges, "!"),
        }
        data, samples = bytearray(), []
        picked = {0, 1, *random.Random(1).sample(range(len(texts)), 120)}
        for i, raw in enumerate(texts):
            text = raw.decode("utf-8", "replace")
            ids = {name: t(text, add_special_tokens=False).input_ids for name, t in tokenizers.items()}
            data += struct.pack("<I", len(raw)) + raw
            data += b"".join(struct.pack("<Q", hash_of(ids[name])) for name in ("pico", "clip", "clip_pad_0"))
            if i in picked and len(raw) < 400:
                padded = {name: t(text, padding="max_length", truncation=True, max_length=t.model_max_length).input_ids
                          for name, t in tokenizers.items()}
                samples.append({"string": i, "ids": padded})
    OUT.mkdir(parents=True, exist_ok=True)
    (CLIP / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    ids = {t: i for i, t in enumerate(vocabulary)}
    (CLIP / "vocab.json").write_text(json.dumps(ids, ensure_ascii=False, separators=(",", ":")) + "\n")
    (OUT / "strings.bin").write_bytes(data)
    (OUT / "samples.json").write_text(json.dumps(samples, separators=(",", ":")) + "\n")
    print(len(texts), "strings,", sum(f.stat().st_size for f in OUT.iterdir()), "bytes")


main()
