"""A tiny model and a tiny corpus, created by the tests: they need neither the hub nor data, and run fast."""

import json
import random
import tempfile
from pathlib import Path

TOPICS = {
    "volcano": "lava crater eruption magma ash summit basalt vent plume tephra",
    "orchestra": "violin conductor symphony cello brass rehearsal overture baton audience encore",
    "bakery": "flour dough yeast oven crust sourdough pastry butter kneading loaf",
    "harbour": "ship anchor quay tide crane cargo lighthouse pilot mooring ferry",
    "beehive": "honey queen drone pollen nectar swarm wax comb forager keeper",
    "glacier": "ice moraine crevasse meltwater valley snow drift ridge fjord boulder",
    "library": "shelf catalogue reader manuscript archive binding parchment loan index scholar",
    "vineyard": "grape barrel harvest cellar vintage cork terrace pruning ferment bottle",
    "railway": "locomotive signal platform carriage track timetable sleeper gauge junction whistle",
    "observatory": "telescope star comet dome mirror spectrum nebula orbit astronomer eclipse",
}
ADJECTIVES = ["old", "bright", "heavy", "quiet", "famous", "broken", "early", "northern", "small", "careful"]
FRAMES = [
    "The {a} {x} of the {t} depends on the {y} and the {z}.",
    "Every {t} needs a {x}, a {y} and a {a} {z}.",
    "Visitors admire how the {x} and the {a} {y} change the {z} in winter.",
    "A {a} {x} without a {y} soon damages the {z}.",
    "Experts compare the {x} with the {y} before they touch the {a} {z}.",
]
QUESTIONS = ["how does the {x} affect the {y}", "which {t} has a {x} and a {z}", "why is the {a} {x} near the {y}"]

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;!?'()-"
PROMPTS = {"query": "query: ", "document": "passage: "}


def vocabulary() -> list[str]:
    """Return all words of the tiny corpus."""
    frames = " ".join(FRAMES + QUESTIONS).replace("{", " ").replace("}", " ")
    text = " ".join([frames, *TOPICS, *TOPICS.values(), *ADJECTIVES, *PROMPTS.values()])
    return sorted({word.strip(".,:").lower() for word in text.split()} - {""})


def make_tiny_model(
    folder: Path,
    words: list[str] | None = None,
    *,
    seed: int = 0,
    hidden: int = 32,
    max_length: int = 64,
    pooling: str = "mean",
    normalize: bool = True,
    similarity: str | None = None,
    prompts: dict[str, str] | None = PROMPTS,
) -> Path:
    """Save a SentenceTransformers model (a random BERT of 2 layers over a WordPiece vocabulary) and return its folder.

    Each word of ``words`` is one token; all others are split into characters. ``prompts=None`` saves no prompts.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, decoders, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordPiece
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    known = [*SPECIAL, *CHARACTERS, *(f"##{c}" for c in CHARACTERS)]
    known += sorted({word.lower() for word in (words if words is not None else vocabulary())} - set(known))
    tokenizer = Tokenizer(WordPiece({token: i for i, token in enumerate(known)}, unk_token="[UNK]"))  # type: ignore[call-arg]
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]"}
    names |= {"sep_token": "[SEP]", "mask_token": "[MASK]"}
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=128, **names)
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(known),
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=128,
        # With the usual 0.02, a random model of this size gives all texts nearly the same embedding.
        initializer_range=0.3,
    )
    bert = BertModel(config)
    torch.set_rng_state(state)
    with tempfile.TemporaryDirectory() as inside:
        bert.save_pretrained(inside)
        fast.save_pretrained(inside)
        transformer = Transformer(inside)
    transformer.max_seq_length = max_length
    modules = [transformer, Pooling(hidden, pooling_mode=pooling)]
    if normalize:
        modules.append(Normalize())
    model = SentenceTransformer(modules=modules, prompts=prompts, similarity_fn_name=similarity, device="cpu")
    model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    return folder


def tiny_documents(documents: int = 60, seed: int = 0) -> list[dict[str, str]]:
    """Return documents as in corpus.jsonl: a title and three or four sentences about one of ten topics."""
    draw = random.Random(f"{seed}:documents")
    rows = []
    for i in range(documents):
        topic = list(TOPICS)[i % len(TOPICS)]
        words = TOPICS[topic].split()
        picked = draw.sample(words, 4)
        sentences = []
        for frame in draw.sample(FRAMES, draw.choice([3, 4])):
            x, y, z = draw.sample(picked, 3)
            sentences.append(frame.format(t=topic, a=draw.choice(ADJECTIVES), x=x, y=y, z=z))
        title = f"{topic.capitalize()}: {picked[0]} and {picked[1]}"
        rows.append({"_id": f"d{i:03}", "title": title, "text": " ".join(sentences)})
    return rows


def tiny_corpus(folder: Path, documents: int = 60, topics: int = 20, seed: int = 0) -> Path:
    """Write a BEIR folder with ``documents`` documents, and ``topics`` topics for each of train and test; return it.

    A topic is a question with words of its only relevant document (relevance 1). No document is relevant in both splits
    if 2 * ``topics`` <= ``documents``.
    """
    rows = tiny_documents(documents, seed)
    draw = random.Random(f"{seed}:topics")
    targets = draw.sample(range(documents), 2 * topics)
    queries: list[dict[str, str]] = []
    qrels: dict[str, list[str]] = {"train": [], "test": []}
    for number, target in enumerate(targets):
        topic = list(TOPICS)[target % len(TOPICS)]
        x, y, z = draw.sample([word for word in TOPICS[topic].split() if word in rows[target]["text"]], 3)
        text = draw.choice(QUESTIONS).format(t=topic, a=draw.choice(ADJECTIVES), x=x, y=y, z=z)
        split = "train" if number < topics else "test"
        queries.append({"_id": f"q{number:03}", "text": text})
        qrels[split].append(f"q{number:03}\t{rows[target]['_id']}\t1\n")
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in queries))
    for split, lines in qrels.items():
        (folder / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\n" + "".join(lines))
    return folder
