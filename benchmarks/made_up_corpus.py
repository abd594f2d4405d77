"""Made-up documents of any number, with lengths, words and topics like those of real passages.

python benchmarks/made_up_corpus.py FOLDER --documents 100000 [--seed 42] [--characters 560] [--topics 200]

writes a BEIR folder: the documents, and dev and test topics that are cut from as many of them. Other benchmarks call
``documents``. Everything follows from the seed, and the first documents do not depend on the number of documents.

- **Words** have the frequencies of Zipf and Mandelbrot, 1 / (rank + 2.7)^1.1. The most frequent ones are the function
  words of English, the next ones simple nouns, and all others are compounds of two nouns, some with an ending. The
  tokeniser of MiniLM makes a token of 4.0 characters on average (SciFact: 4.5). The vocabulary has 395,000 words. How
  many of them occur grows with the number of documents, as in real text.
- **Topics**: each document has one of 5,000 topics, with 40 words of its own, and three words that are its subject and
  that few other documents have. They make up 23 % of the words. Documents of one topic therefore look alike to a search,
  and a query cut from a passage finds it.
- **Lengths** of texts are lognormal with a standard deviation of 0.4 (of the logarithm), as in SciFact, in sentences of 6
  to 24 words.

The texts mean nothing. They show what a stage takes in time and memory, and not how well a model ranks.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

_FUNCTION_WORDS = """
the of and in to a is that for it as was with be by on not he his but at are this have from or had an they which one
you were all her she there would their we him been has when who will no more if out so up said what its about than
into them can only other time new some could these two may first then do any like my now over such our man me even
most made after also well did many before must through years where much your way down should because long each just
those people too mr how little state good very make world still see own work men day get here old life both between
being under three never know same last another while us off might great go come since against right came take used
himself few house use during without again place around however found part general high upon every small number
"""
FUNCTION_WORDS = _FUNCTION_WORDS.split()
_ROOTS = """
water light stone field river wood land town ground hand head heart back side line point ring wind storm fire rain
snow sand rock hill lake bridge road way gate wall door house home room floor roof tower mill farm garden tree leaf
root seed grass flower fruit apple corn wheat bread milk salt sugar oil iron steel gold silver copper glass paper book
page word letter name number sign mark song story play game ball race horse cattle sheep bird fish hunter king queen
prince lord knight soldier guard captain ship boat sail port harbor coast island sea ocean wave beach bay north south
east west summer winter spring night morning evening day week month year hour moon star sun sky cloud air space earth
world nation state city village county border market trade money bank price cost tax law court judge crime police army
battle war peace treaty power force energy heat cold pressure metal acid base cell gene protein blood bone skin muscle
brain nerve eye ear mouth tooth foot arm leg body health disease fever cancer drug dose test trial study school
college class student teacher science theory method model system network signal code data file memory machine engine
motor wheel train track plane flight car truck fuel gas coal mine plant factory tool blade hammer needle thread cotton
wool silk dress coat shoe color red blue green black white brown pink paint picture image film camera screen voice
sound music dance stage actor artist writer poet dream mind idea belief faith church temple priest saint spirit soul
angel death birth child mother father brother sister family friend woman people group team club party union council
leader president vote election policy office company worker labor service product design pattern shape circle square
corner center edge surface layer level scale measure weight length depth speed motion growth change cause effect
result
"""
ROOTS = _ROOTS.split()
ENDINGS = ("", "s", "ed", "ing")
VOCABULARY = 400_000
TOPICS, TOPIC_WORDS, SUBJECT_WORDS = 5_000, 40, 3
# Shares of the words of a text that come from its topic and from its subject; the others are drawn from all words.
TOPICAL, SUBJECT = 0.15, 0.08
# Characters of a word in a text, with the blank after it: on average, for the lengths.
CHARACTERS_PER_WORD = 8.0
DEVIATION = 0.4
SENTENCE_WORDS = (6, 24)
BLOCK = 1024


class Language:
    """The vocabulary, and the words of each topic; both follow from the seed."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 0])
        self.words = np.array(_vocabulary(rng), dtype=object)
        shares = 1 / (np.arange(len(self.words)) + 2.7) ** 1.1
        self.cumulated = np.cumsum(shares / shares.sum())
        self.first = len(FUNCTION_WORDS)
        self.topics = self.content(rng, (TOPICS, TOPIC_WORDS))

    def drawn(self, rng: np.random.Generator, size: int) -> np.ndarray:
        """Return ``size`` words (ranks) with the frequencies of the language."""
        ranks = np.searchsorted(self.cumulated, rng.random(size))
        return np.minimum(ranks, len(self.words) - 1)

    def content(self, rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        """Return words (ranks) that are no function words: the logarithm of the rank is distributed evenly."""
        low, high = np.log(self.first), np.log(len(self.words))
        return np.exp(rng.uniform(low, high, shape)).astype(np.int64)


def _vocabulary(rng: np.random.Generator) -> list[str]:
    """Return different words: function words, roots, compounds of two roots, and these with endings."""
    words = dict.fromkeys([*FUNCTION_WORDS, *ROOTS])
    pairs = rng.permutation(len(ROOTS) ** 2).tolist()
    for ending in ENDINGS:
        words.update((ROOTS[pair // len(ROOTS)] + ROOTS[pair % len(ROOTS)] + ending, None) for pair in pairs)
    return list(words)[:VOCABULARY]


def documents(count: int, seed: int, characters: int = 560) -> Iterator[tuple[str, str, str]]:
    """Yield ``count`` documents as (doc_id, title, text); texts have ``characters`` characters on average."""
    language = Language(seed)
    for block, start in enumerate(range(0, count, BLOCK)):
        rng = np.random.default_rng([seed, 1, block])
        for i, (title, text) in enumerate(_block(language, rng, characters), start):
            if i < count:
                yield f"d{i:08d}", title, text


def _block(language: Language, rng: np.random.Generator, characters: int) -> Iterator[tuple[str, str]]:
    """Yield title and text of each document of a block."""
    mean = np.log(characters / CHARACTERS_PER_WORD) - DEVIATION**2 / 2
    lengths = np.maximum(8, rng.lognormal(mean, DEVIATION, BLOCK).round().astype(np.int64))
    topics = rng.integers(TOPICS, size=BLOCK)
    subjects = language.content(rng, (BLOCK, SUBJECT_WORDS))
    owner = np.repeat(np.arange(BLOCK), lengths)
    kind = rng.random(len(owner))
    topical = language.topics[topics[owner], rng.integers(TOPIC_WORDS, size=len(owner))]
    subject = subjects[owner, rng.integers(SUBJECT_WORDS, size=len(owner))]
    ranks = language.drawn(rng, len(owner))
    ranks = np.where(kind < SUBJECT, subject, np.where(kind < SUBJECT + TOPICAL, topical, ranks))
    words = language.words[ranks].tolist()
    sizes = iter(rng.integers(SENTENCE_WORDS[0], SENTENCE_WORDS[1] + 1, size=len(owner)).tolist())
    names = language.words[np.column_stack([language.topics[topics, :2], subjects[:, :2]])].tolist()
    end = 0
    for length, name in zip(lengths.tolist(), names, strict=True):
        start, end = end, end + length
        sentences = []
        while start < end:
            stop = min(end, start + next(sizes))
            stop = end if end - stop < SENTENCE_WORDS[0] else stop
            sentences.append(" ".join(words[start:stop]).capitalize() + ".")
            start = stop
        yield " ".join(name).capitalize(), " ".join(sentences)


def topic(text: str, rng: np.random.Generator) -> str:
    """Return a query cut from a text: 10 words in a row, without two of them."""
    words = text.lower().replace(".", "").split()
    first = int(rng.integers(max(1, len(words) - 9)))
    cut = words[first : first + 10]
    left_out = set(rng.integers(len(cut), size=2).tolist())
    return " ".join(word for i, word in enumerate(cut) if i not in left_out)


def write(folder: Path, count: int, seed: int, characters: int = 560, topics: int = 200) -> None:
    """Write a BEIR folder with ``topics`` dev and as many test topics, each cut from another document."""
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng([seed, 2])
    chosen = rng.permutation(count)[: 2 * topics].tolist()
    split_of = {position: "dev" if i < topics else "test" for i, position in enumerate(chosen)}
    qrels = {split: ["query-id\tcorpus-id\tscore"] for split in ("dev", "test")}
    with open(folder / "corpus.jsonl", "w") as corpus, open(folder / "queries.jsonl", "w") as queries:
        for i, (doc_id, title, text) in enumerate(documents(count, seed, characters)):
            corpus.write(json.dumps({"_id": doc_id, "title": title, "text": text}) + "\n")
            if split := split_of.get(i):
                queries.write(json.dumps({"_id": f"q{i:08d}", "text": topic(text, rng)}) + "\n")
                qrels[split].append(f"q{i:08d}\t{doc_id}\t1")
    for split, rows in qrels.items():
        (folder / "qrels" / f"{split}.tsv").write_text("\n".join(rows) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a BEIR folder of made-up documents.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--characters", type=int, default=560, help="of a text, on average")
    parser.add_argument("--topics", type=int, default=200, help="dev topics, and as many test topics")
    arguments = parser.parse_args()
    write(arguments.folder, arguments.documents, arguments.seed, arguments.characters, arguments.topics)
