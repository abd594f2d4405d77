"""What each key of the config touches: another value for it, and the stages whose frozen settings then change."""

from typing import Any

# The smallest block of each kind, where the config of the tests has another one.
BLOCKS: dict[str, dict[str, Any]] = {
    "python_api": {"kind": "python_api"},
    "beir": {"kind": "beir", "path": "there"},
    "ir_datasets": {"kind": "ir_datasets", "id": "cranfield"},
    "files": {"kind": "files", "path": "there.csv"},
    "extractive": {"kind": "extractive"},
    "file": {"kind": "file", "path": "there.parquet"},
    "vllm": {"kind": "vllm", "model": "m"},
    "transformers": {"kind": "transformers", "model": "m"},
    "openai": {"kind": "openai", "model": "m", "base_url": "http://there/v1"},
    "late_interaction": {"kind": "late_interaction", "model": "there"},
    "bm25": {"kind": "bm25"},
    "dense": {"kind": "dense"},
    "cross_encoder": {"kind": "cross_encoder", "model": "there"},
    "t5": {"kind": "t5", "model": "there", "format": "rankt5"},
    "causal": {"kind": "causal", "model": "there", "format": "qwen3-reranker"},
}
# The block for a key that the block of its kind excludes.
EXCLUDED: dict[str, dict[str, Any]] = {
    "teacher.members.*[late_interaction].student": {"kind": "late_interaction"},
    "teacher.members.*[cross_encoder].file": {"kind": "cross_encoder", "model": "there", "backend": "onnx"},
    "mining.additional.*[dense].file": {"kind": "dense", "model": "somewhere", "backend": "onnx"},
}
# What ``*`` stands for, below each key.
NAMES = {"corpora": "tiny", "students": "small", "additional": "other", "members": "one", "variants": "listwise"}
NAMES["joint"] = "both"
JOINT = {"corpora": ["tiny"], "student": "small"}

DATA, QUERIES, ASK = "corpus", "queries", "ask.*"
CARD = "export_model.*"
STUDENT = f"encode.small* candidates search.small* mteb.small* gate rerank scores train.* check {CARD}"
OTHER = "encode.other candidates"
BM25 = "candidates search.bm25 gate rerank scores"
SCORED = "gate rerank scores"
TRAIN, VARIANT = "train.*", "train.small.listwise"

# Another value for every key of a recipe; a variant has the same keys.
RECIPE: dict[str, Any] = {
    "types": ["lead"],
    "max_lists": 20,
    "epochs": 2,
    "batch": 8,
    "learning_rate": 2e-4,
    "weight_decay": 0,
    "warmup": 0.2,
    "clip": 2,
    "floor": 0.1,
    "negatives.denoise": 0.7,
    "negatives.guide": "other",
    "negatives.guide_margin": 0.1,
    "negatives.listwise": False,
    "negatives.count": "every",
    "query_length": 9,
    "dropout": 0.1,
    "memory": 1,
    "checkpoint": 7,
    "seed": 9,
    "tensorboard": True,
    "selection.patience": 2,
    "selection.average": 2,
    "selection.base": False,
    "tower": "query",
    "matryoshka": [8],
    "anchor_texts.corpus": "tiny",
    "anchor_texts.passages": 4,
    "lora.rank": 8,
    "lora.alpha": 16,
    "lora.layers": ["query"],
    "selection.merge": "use",
    "selection.retention.corpora": ["tiny"],
    "selection.retention.max_loss": 0.1,
    "max_length": 32,
    "temperatures.student": 0.1,
    "temperatures.teacher": 0.1,
    "temperatures.offset": 0.1,
    "temperatures.infonce": 0.1,
    "selection.evaluations": 1,
    "selection.queries": 3,
    "selection.documents": 20,
}
# key: (another value, the stages whose settings it changes); the report, which shows the config, changes, too.
MATRIX: dict[str, tuple[Any, str]] = {
    "seed": (8, f"corpus queries lists.* train.* evaluate {CARD}"),
    "corpora.*.source[python_api].packages": (["json"], DATA),
    "corpora.*.source[python_api].train": (0.2, DATA),
    "corpora.*.source[python_api].dev": (0.2, DATA),
    "corpora.*.source[beir].path": ("elsewhere", DATA),
    "corpora.*.source[ir_datasets].id": ("elsewhere", DATA),
    "corpora.*.source[ir_datasets].splits": ({"train": "x"}, DATA),
    "corpora.*.source[files].path": ("elsewhere.csv", DATA),
    "corpora.*.source[files].doc_id": ("id", DATA),
    "corpora.*.source[files].title": ("heading", DATA),
    "corpora.*.source[files].text": ("body", DATA),
    "corpora.*.source[files].chunk": (4000, DATA),
    "corpora.*.source[files].topics": ("topics.tsv", DATA),
    "corpora.*.source[files].qrels": ("qrels.tsv", DATA),
    "corpora.*.template": ("{text}", DATA),
    "corpora.*.language": ("german", f"{DATA} {BM25} {CARD}"),
    "corpora.*.empty_text": ("title", DATA),
    "corpora.*.dev_share": (0.3, DATA),
    "corpora.*.heldout": (4, DATA),
    "corpora.*.min_dev_topics": (5, DATA),
    "corpora.*.topics_are_documents": (True, DATA),
    "corpora.*.passages": (7, QUERIES),
    "corpora.*.passages_from": ("relevant", QUERIES),
    "students.*.model": ("elsewhere", STUDENT),
    "students.*.revision": ("main", STUDENT),
    "students.*.max_length": (40, STUDENT),
    "students.*.prompts": ({"query": "Q: "}, STUDENT),
    "students.*.pooling": ("cls", STUDENT),
    "students.*.preset.prompts": ({"query": "Q: "}, STUDENT),
    "students.*.preset.pooling": ("cls", STUDENT),
    "students.*.preset.max_length": (40, STUDENT),
    "students.*.preset.remote_code": (False, STUDENT),
    "students.*.precision": ("fp32", STUDENT),
    "students.*.trust_remote_code": (True, STUDENT),
    "generation.generator[extractive].types": ({"title": 1}, QUERIES),
    "generation.generator[extractive].dropout": (0.1, QUERIES),
    "generation.generator[extractive].crop_words": ((3, 9), QUERIES),
    "generation.generator[extractive].phrases": (2, QUERIES),
    "generation.generator[file].path": ("elsewhere.parquet", QUERIES),
    "encoding.shards": (3, ""),
    "generation.shards": (3, ""),  # without a language model there is one
    "generation.passages": (30, QUERIES),
    "generation.human": (False, QUERIES),
    "generation.cleaning.min_words": (1, QUERIES),
    "generation.cleaning.max_words": (9, QUERIES),
    "generation.cleaning.topic_overlap": (0.5, QUERIES),
    "generation.cleaning.copied": (0.5, QUERIES),
    "generation.cleaning.example_overlap": (0.5, QUERIES),
    "generation.cleaning.generic": (9, QUERIES),
    "mining.bm25.library": ("rank_bm25", BM25),
    "mining.bm25.k1": (1.2, BM25),
    "mining.bm25.b": (0.7, BM25),
    "mining.bm25.stemmer": (None, BM25),
    "mining.bm25.stopwords": (None, BM25),
    "mining.additional.*[dense].model": ("elsewhere", OTHER),
    "mining.additional.*[dense].revision": ("main", OTHER),
    "mining.additional.*[dense].max_length": (40, OTHER),
    "mining.additional.*[dense].prompts": ({"query": "Q: "}, OTHER),
    "mining.additional.*[dense].pooling": ("cls", OTHER),
    "mining.additional.*[dense].preset.prompts": ({"query": "Q: "}, OTHER),
    "mining.additional.*[dense].preset.pooling": ("cls", OTHER),
    "mining.additional.*[dense].preset.max_length": (40, OTHER),
    "mining.additional.*[dense].preset.remote_code": (False, OTHER),
    "mining.additional.*[dense].precision": ("fp32", OTHER),
    "mining.additional.*[dense].trust_remote_code": (True, OTHER),
    "mining.additional.*[dense].backend": ("onnx", OTHER),
    "mining.additional.*[dense].file": ("model.onnx", OTHER),
    "mining.additional.*[bm25].library": ("rank_bm25", "candidates"),
    "mining.additional.*[bm25].k1": (1.2, "candidates"),
    "mining.additional.*[bm25].b": (0.7, "candidates"),
    "mining.additional.*[bm25].stemmer": (None, "candidates"),
    "mining.additional.*[bm25].stopwords": (None, "candidates"),
    "mining.additional.*[file].path": ("elsewhere.parquet", "candidates"),
    "mining.retrievers": (["small"], "candidates"),
    "mining.random": (5, "candidates"),
    "mining.index.method": ("ivf", "candidates"),
    "mining.index.lists": (9, "candidates"),
    "mining.index.probes": (9, "candidates"),
    "mining.index.links": (9, "candidates"),
    "mining.index.beam": (9, "candidates"),
    "mining.depth": (9, "candidates gate rerank"),
    "mining.consistency.top": (3, "candidates"),
    "mining.consistency.require": ("none", "candidates"),
    "teacher.members.*[late_interaction].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[late_interaction].student": ("small", ""),  # it is the default
    "teacher.members.*[late_interaction].model": ("elsewhere", f"{SCORED} {CARD}"),
    "teacher.members.*[late_interaction].revision": ("main", SCORED),
    "teacher.members.*[late_interaction].max_length": (40, SCORED),
    "teacher.members.*[late_interaction].precision": ("fp32", SCORED),
    "teacher.members.*[late_interaction].trust_remote_code": (True, SCORED),
    "teacher.members.*[bm25].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[file].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[file].path": ("elsewhere.parquet", SCORED),
    "teacher.members.*[file].teacher": ("gpt", SCORED),
    "teacher.members.*[file].missing": ("lowest", SCORED),
    "teacher.members.*[dense].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[dense].student": ("small", ""),  # it is the default
    "teacher.members.*[cross_encoder].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[cross_encoder].model": ("elsewhere", f"{SCORED} {CARD}"),
    "teacher.members.*[cross_encoder].revision": ("main", SCORED),
    "teacher.members.*[cross_encoder].max_length": (40, SCORED),
    "teacher.members.*[cross_encoder].precision": ("fp32", SCORED),
    "teacher.members.*[cross_encoder].trust_remote_code": (True, SCORED),
    "teacher.members.*[cross_encoder].prompt": (["{query}", "{document}"], SCORED),
    "teacher.members.*[cross_encoder].label": (1, SCORED),
    "teacher.members.*[cross_encoder].backend": ("onnx", SCORED),
    "teacher.members.*[cross_encoder].file": ("model.onnx", SCORED),
    "teacher.members.*[t5].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[t5].model": ("elsewhere", f"{SCORED} {CARD}"),
    "teacher.members.*[t5].revision": ("main", SCORED),
    "teacher.members.*[t5].max_length": (40, SCORED),
    "teacher.members.*[t5].precision": ("fp32", SCORED),
    "teacher.members.*[t5].trust_remote_code": (True, SCORED),
    "teacher.members.*[t5].prompt": (["{query}", "{document}"], SCORED),
    "teacher.members.*[t5].format": ("monot5", SCORED),
    "teacher.members.*[t5].true_token": ("<extra_id_1>", SCORED),
    "teacher.members.*[t5].false_token": ("<extra_id_1>", SCORED),
    "teacher.members.*[causal].weight": (3, "gate rerank lists.*"),
    "teacher.members.*[causal].model": ("elsewhere", f"{SCORED} {CARD}"),
    "teacher.members.*[causal].revision": ("main", SCORED),
    "teacher.members.*[causal].max_length": (140, SCORED),
    "teacher.members.*[causal].precision": ("fp32", SCORED),
    "teacher.members.*[causal].trust_remote_code": (True, SCORED),
    "teacher.members.*[causal].prompt": (["{query}", "{document}"], SCORED),
    "teacher.members.*[causal].format": ("mxbai-v2", SCORED),
    "teacher.members.*[causal].instruction": ("Find code.", SCORED),
    "teacher.members.*[causal].true_token": ("Yes", SCORED),
    "teacher.members.*[causal].false_token": ("No", SCORED),
    "teacher.members.*[causal].layerwise.cutoff": (3, SCORED),
    "teacher.members.*[causal].layerwise.compress_ratio": (4, SCORED),
    "teacher.members.*[causal].layerwise.compress_layers": ([2], SCORED),
    "teacher.normalise": ("zscore", "gate rerank lists.*"),
    "teacher.gate.action": ("stop", "gate"),
    "teacher.gate.margin": (0.1, "gate"),
    "teacher.shards": (3, ""),
    "training.variants.*.losses": ({"infonce": 1}, VARIANT),
    "training.losses": ({"infonce": 1}, ""),  # both variants have losses of their own
    "training.preset": ("cadet", "train.* lists.*"),
    "training.rounds": (2, "check"),
    "training.lists.length": (5, "lists.*"),
    "training.lists.positives": (0.2, "lists.*"),
    "training.lists.choose": ("top", "lists.*"),
    "training.lists.top1": (False, "lists.*"),
    "training.lists.judgement_margin": (None, "lists.*"),
    "training.lists.min_score": ({"two": 0.5}, "lists.*"),
    "training.lists.near_positive": ("mask", "lists.*"),
    "training.lists.near_positive_share": (0.9, "lists.*"),
    "training.lists.quality_percentile": (10, "lists.*"),
    "training.seeds": (2, ""),
    "training.lists.retrievers": ("all", "lists.*"),
    "training.lists.quality_of": ("all", "lists.*"),
    "training.lists.candidates_from": ({"small": "other"}, "lists.*"),
    "joint.*.corpora": (["tiny", "second"], "joint.both"),
    # The systems then have other names.
    "joint.*.student": ("large", "joint.both *.small.both* check"),
    "joint.*.variant": ("combined", "joint.both"),
    "joint.*.order": ("proportional", "joint.both"),
    "joint.*.exponent": (0.3, "joint.both"),
    "joint.*.weights": ({"tiny": 2}, "joint.both"),
    "export.formats": (["beir"], "export_lists.* export_corpus"),
    "export.systems": (["small.listwise"], ""),
    "export.onnx": (False, CARD),
    "export.licence": ("mit", CARD),
    "evaluation.measures": (["nDCG@5"], "evaluate"),
    "evaluation.depth": (120, "search.* fuse.* rerank"),
    "evaluation.fusion_k": (30, "fuse.*"),
    "evaluation.resamples": (200, "evaluate"),
    "evaluation.confidence": (0.9, f"evaluate {CARD}"),
    "evaluation.examples": (3, ""),
    "evaluation.trec_runs": (True, ""),
    "evaluation.learning_curve": ([0.5], ""),
    "evaluation.mteb": (["NanoSciFactRetrieval"], "mteb.*"),
    "evaluation.retention.corpora": (["third"], ""),
    "evaluation.retention.max_loss": (0.01, ""),
    "estimate.rates": ({"generate": 2}, ""),
    "estimate.price_per_hour": ({"here": 2}, ""),
}
MATRIX |= {f"training.{key}": (value, TRAIN) for key, value in RECIPE.items()}
MATRIX |= {f"training.variants.*.{key}": (value, VARIANT) for key, value in RECIPE.items()}
MATRIX["training.tower"] = (RECIPE["tower"], f"{TRAIN} check {CARD}")
MATRIX["training.variants.*.tower"] = (
    RECIPE["tower"],
    "train.small.listwise check export_model.small.listwise",
)
# A variant with lists of its own: nothing else depends on these keys.
OWN_LISTS = {key: value for key, (value, _) in MATRIX.items() if key.startswith("training.lists.")}
MATRIX |= {
    key.replace("lists", "variants.*.lists", 1): (value, "lists.small.listwise") for key, value in OWN_LISTS.items()
}
MATRIX["training.variants.*.corpora"] = (["tiny"], "")  # for this corpus, nothing changes
MATRIX["training.variants.*.students"] = (["small"], "")
MATRIX["training.variants.*.teachers"] = ({"two": 1}, "lists.small.listwise export_model.small.listwise")
# What a language model is asked is settled in the stage ask; cleaning and all else follow from its tables.
ANY_MODEL = {
    "model": "elsewhere",
    "types": {"claim": 1},
    "types_from": "there",
    "examples": {"claim": "there.jsonl"},
    "chat": False,
    "shots": 2,
    "passage_characters": 90,
    "temperature": 0,
    "top_p": 0.9,
    "max_tokens": 9,
}
LOADED = {"revision": "main", "trust_remote_code": True, "chat_template_kwargs": {}}
VLLM = {"python": "there", "gpu_memory_utilization": 0.5, "max_model_len": 99, "save_every": 9, "engine": {"x": 1}}
OPENAI = {"base_url": "http://x", "key_variable": "X", "concurrency": 2, "timeout": 2, "retries": 2, "extra": {"x": 1}}
MODELS: dict[str, dict[str, Any]] = {
    "vllm": ANY_MODEL | LOADED | VLLM,
    "transformers": ANY_MODEL | LOADED | {"precision": "fp32", "batch": 2},
    "openai": ANY_MODEL | OPENAI,
}
for kind, rows in MODELS.items():
    MATRIX |= {f"generation.generator[{kind}].{key}": (value, ASK) for key, value in rows.items()}
    MATRIX[f"generation.generator[{kind}].model"] = (ANY_MODEL["model"], f"{ASK} {CARD}")


# Keys with a single allowed value so far; to be moved to MATRIX when there is a second one.
SINGLE = {f"teacher.members.*[{kind}].backend" for kind in ("t5", "causal")}
