"""The config: one definition, from which the checks, config/schema.json and config/README.md are made.

A setting that is missing takes its default; a key that is unknown is an error that names its place and the nearest
known key. Nothing heavier than pydantic is imported, because the Snakefile imports this file in every job.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from listill.errors import nearest

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Loss = Literal["listwise", "contrastive"]


class Section(BaseModel):
    """A block of the config: immutable, and closed to keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []
        if unknown:
            key = str(unknown[0])
            known = ", ".join(cls.model_fields)
            raise ValueError(f"unknown key '{key}'{nearest(key, cls.model_fields)}; known here: {known}")
        return data


# --- corpora ---------------------------------------------------------------------------------------------------------


class PythonApi(Section):
    """Docstrings of installed packages; topics are the descriptions in their See Also sections."""

    kind: Literal["python_api"] = Field(description="docstrings of installed packages")
    packages: list[str] = Field(["numpy", "scipy", "pandas"], min_length=1, description="importable package names")
    train: Share = Field(0.3, description="share of the relevant documents whose topics are for training")
    dev: Share = Field(0.15, description="share of the relevant documents whose topics are for selection")


class Beir(Section):
    """A BEIR folder: corpus.jsonl, and where there are topics queries.jsonl and qrels/<split>.tsv."""

    kind: Literal["beir"] = Field(description="a BEIR folder")
    path: str = Field(description="the folder; $VARIABLES are replaced when the stage runs")


class IrDatasets(Section):
    """A data set of the ir_datasets catalogue; its splits are the ids below it (`/train`, `/dev`, `/test`)."""

    kind: Literal["ir_datasets"] = Field(description="a data set of the ir_datasets catalogue")
    id: str = Field(description="for example `beir/scifact` or `cranfield`")
    splits: dict[Literal["train", "dev", "test"], str] = Field(
        {}, description="ids that hold the topics of each split; empty: found by their usual names"
    )


class Files(Section):
    """Files of one's own: JSONL, CSV, TSV or Parquet with a column mapping, or a folder of .txt and .md files."""

    kind: Literal["files"] = Field(description="files of your own")
    path: str = Field(
        description="a file, or a folder of .txt and .md files (id: path in the folder, title: file name)"
    )
    doc_id: str = Field("doc_id", description="column of the document id")
    title: str | None = Field(None, description="column of the title, if there is one")
    text: str = Field("text", description="column of the text")
    topics: str | None = Field(None, description="file of human queries with columns query_id and text")
    qrels: str | None = Field(
        None, description="file of judgements with columns query_id, doc_id, relevance and, where split, split"
    )


class Corpus(Section):
    """One corpus: where it comes from and how its documents are read."""

    source: Annotated[PythonApi | Beir | IrDatasets | Files, Field(discriminator="kind")] = Field(
        description="where documents, topics and judgements come from"
    )
    template: str = Field("{title} {text}", description="text of a document, the same in every stage")
    empty_text: Literal["error", "title"] = Field(
        "error", description="a document without text is an error; title: its title is enough"
    )
    dev_share: Share = Field(0.2, description="share of the train topics that become dev topics if the set has none")
    heldout: int = Field(
        100,
        ge=0,
        description="passages that never train, for synthetic test queries (and as many for dev if no topics)",
    )


# --- students --------------------------------------------------------------------------------------------------------


class Student(Section):
    """A bi-encoder in SentenceTransformers form; tokenizer, pooling and prompts are read from the model."""

    model: str = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count | None = Field(None, description="tokens of a text that are read; default: what the model says")
    prompts: dict[Literal["query", "document"], str] | None = Field(
        None, description="prefixes, where the model folder does not have them; saved with the trained model"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")


# --- generation ------------------------------------------------------------------------------------------------------


class Extractive(Section):
    """Queries cut out of the passages themselves: no model."""

    kind: Literal["extractive"] = Field(description="cut out of the passages, without a model")
    types: dict[Literal["title", "keyphrases", "cloze", "lead", "crop"], Count] = Field(
        {"lead": 1, "cloze": 1, "keyphrases": 1},
        min_length=1,
        description="query types, and how many of each a passage gives",
    )
    dropout: Share = Field(0.2, description="share of the words of a sentence or crop that are dropped")
    crop_words: tuple[Count, Count] = Field((5, 12), description="fewest and most words of a crop")
    phrases: Count = Field(4, description="key phrases in a keyphrases query")

    @model_validator(mode="after")
    def _in_order(self) -> "Extractive":
        if self.crop_words[0] > self.crop_words[1]:
            raise ValueError(
                f"crop_words: the fewest ({self.crop_words[0]}) are more than the most ({self.crop_words[1]})"
            )
        return self


class Own(Section):
    """Queries from a file of the user's: at least query_id, text and doc_id (the passage that answers it)."""

    kind: Literal["file"] = Field(description="read from a file of your own")
    path: str = Field(
        description="a Parquet file with the columns of queries.parquet that it has; the rest is filled in"
    )


class Cleaning(Section):
    """What is dropped from the generated queries."""

    min_words: Count = Field(2, description="shorter queries are dropped")
    max_words: Count = Field(64, description="longer queries are dropped")
    topic_overlap: Share = Field(
        0.9, description="Jaccard similarity of words with a human dev or test topic from which a query is dropped"
    )


class Generation(Section):
    """Synthetic queries."""

    generator: Annotated[Extractive | Own, Field(discriminator="kind")] = Field(
        Extractive(kind="extractive"), description="where the queries come from"
    )
    passages: Count | None = Field(None, description="passages, drawn with the seed, that get queries; default: all")
    human: bool = Field(True, description="train on the human train topics as well (type `human`)")
    cleaning: Cleaning = Field(Cleaning(), description="which generated queries are dropped")


# --- mining ----------------------------------------------------------------------------------------------------------


class Bm25(Section):
    """BM25 as Lucene computes it."""

    library: Literal["bm25s", "rank_bm25"] = Field("bm25s", description="rank_bm25 is a slow, plain second opinion")
    k1: Positive = Field(0.9, description="how long further occurrences of a term add to the score; small: hardly")
    b: Share = Field(0.4, description="how much long documents are marked down; 0: not at all")
    stemmer: str | None = Field("english", description="a Snowball stemmer; null: none")
    stopwords: str | None = Field("en", description="a stop word list of bm25s; null: none")


class Consistency(Section):
    """A synthetic query stays if its source passage (or a duplicate of it) is found again."""

    top: Count = Field(20, description="the source must be within the first so many")
    require: Literal["any", "each", "none"] = Field("any", description="of any retriever, of each, or no filter")


class Mining(Section):
    """Candidates for every query: the union of what BM25 and the dense retrievers find."""

    bm25: Bm25 = Field(Bm25(), description="BM25, wherever it is used: candidates, teacher, evaluation")
    dense: dict[Name, Student] = Field({}, description="further dense retrievers beside the students' base models")
    depth: Count = Field(20, description="candidates of each retriever")
    consistency: Consistency = Field(Consistency(), description="filter: does a query find its own passage again?")

    @model_validator(mode="after")
    def _filter_sees_the_pool(self) -> "Mining":
        if self.consistency.require != "none" and self.consistency.top > self.depth:
            raise ValueError(f"consistency.top ({self.consistency.top}) is beyond depth ({self.depth})")
        return self


# --- teacher ---------------------------------------------------------------------------------------------------------


class Teacher(Section):
    """What every member of the ensemble has."""

    weight: Positive = Field(1.0, description="weight in the ensemble")


class LateInteraction(Teacher):
    """MaxSim over the token vectors of a bi-encoder."""

    kind: Literal["late_interaction"] = Field(description="MaxSim over token vectors")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")


class Bm25Teacher(Teacher):
    """BM25 with the settings of `mining.bm25`."""

    kind: Literal["bm25"] = Field(description="Lucene's BM25")


class Dense(Teacher):
    """Similarity of the pooled embeddings of a bi-encoder."""

    kind: Literal["dense"] = Field(description="similarity of embeddings")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")


class Gate(Section):
    """The teacher must rank better than the untrained student, or there is nothing to learn from it."""

    action: Literal["stop", "warn"] = Field("stop", description="what happens if it does not")
    margin: float = Field(0.0, description="nDCG@10 by which it must be better, on dev queries")


class TeacherEnsemble(Section):
    """The teachers: each scores every candidate; per query their scores are normalised and added up."""

    members: dict[Name, Annotated[LateInteraction | Bm25Teacher | Dense, Field(discriminator="kind")]] = Field(
        {
            "maxsim": LateInteraction(kind="late_interaction", weight=2.0),
            "dense": Dense(kind="dense"),
            "bm25": Bm25Teacher(kind="bm25"),
        },
        min_length=1,
        description="the teachers, by names of your choice",
    )
    normalise: Literal["minmax", "zscore"] = Field("minmax", description="over the candidates of each query")
    gate: Gate = Field(Gate(), description="check, before any training, that the teacher is worth learning from")


# --- training --------------------------------------------------------------------------------------------------------


class Lists(Section):
    """What becomes of candidates and scores: one list of documents a query, the positive first."""

    length: Annotated[int, Field(ge=2)] = Field(8, description="documents of a list, the positive included")
    choose: Literal["stratified", "top", "random"] = Field(
        "stratified", description="evenly over the teacher's scores, its top ones, or any"
    )
    top1: bool = Field(
        True, description="keep a synthetic query only if the teacher ranks its source (or a twin) first"
    )
    trust_judgements: bool = Field(
        True, description="raise the scores of human positives to the best of their list, whatever the teacher says"
    )
    quality_percentile: Annotated[float, Field(ge=0, lt=100)] = Field(
        0, description="drop the synthetic queries whose positive scores below this percentile of the positives"
    )
    retrievers: Literal["own", "all"] = Field("own", description="candidates of BM25 and the student, or of all")


class Temperatures(Section):
    """Softmax temperatures."""

    student: Positive = Field(0.05, description="of the student's similarities in the listwise loss")
    teacher: Positive | Literal["auto"] = Field(
        "auto",
        description="of the targets; auto: their mean entropy is that of the untrained student's on the same lists",
    )
    offset: float = Field(0.0, description="nats added to the entropy that `auto` aims at")
    contrastive: Positive = Field(0.02, description="of the contrastive loss")


class Selection(Section):
    """Which step is kept: the best nDCG@10 on dev queries; the base model is a candidate."""

    evaluations: Count = Field(4, description="how often training is interrupted to measure")
    queries: Count = Field(300, description="dev queries used, drawn with the seed")
    documents: Count = Field(
        5000, description="documents searched; of a larger corpus the base model's best for each query and a sample"
    )


class Recipe(Section):
    """How one variant is trained."""

    losses: dict[Loss, Positive] = Field({"listwise": 1.0}, min_length=1, description="weights of the losses")
    types: list[str] | None = Field(None, description="query types that are trained on; default: all")
    max_lists: Count | None = Field(None, description="lists used, drawn with the seed; default: all")
    epochs: Positive = Field(1.0, description="passes over the lists; may be a fraction")
    batch: Count = Field(16, description="queries of a step")
    learning_rate: Positive = Field(
        2e-5, description="the highest of the schedule: a linear rise, then a linear fall to 0"
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.01, description="not on biases and norms")
    warmup: Share = Field(0.1, description="share of the steps in which the learning rate rises")
    clip: Positive = Field(1.0, description="largest gradient norm")
    temperatures: Temperatures = Field(Temperatures(), description="softmax temperatures of the losses")
    denoise: Share = Field(
        0.6,
        description="contrastive loss: documents of the own list with more than this share of the top score are masked",
    )
    max_length: Count | None = Field(None, description="tokens of a text in training; default: the student's")
    selection: Selection = Field(Selection(), description="which step is kept")


def _optional(model: type[Section], name: str) -> type[Section]:
    """Return the model with every field optional: what a variant may override."""
    fields: dict[str, Any] = {
        # The default is not checked: a key may be left out, but be null only where null means something.
        key: (field.rebuild_annotation(), Field(None, description=field.description))
        for key, field in model.model_fields.items()
    }
    return create_model(name, __base__=Section, __doc__="What this variant does differently.", **fields)


Variant: Any = _optional(Recipe, "Variant")


class Training(Recipe):
    """Settings shared by all variants, and the variants."""

    lists: Lists = Field(Lists(), description="how training lists are made, for all variants")
    variants: dict[Name, Variant] = Field(
        {
            "listwise": Variant(losses={"listwise": 1.0}),
            "infonce": Variant(losses={"contrastive": 1.0}),
            "combined": Variant(losses={"listwise": 1.0, "contrastive": 0.1}),
        },
        description="by name, what each variant does differently; `{}` is the shared settings as they stand",
    )

    def recipe(self, variant: str) -> Recipe:
        """Return the settings of one variant: what it says, else what is shared (sections key by key)."""
        merged = self.model_dump(include=set(Recipe.model_fields))
        for key, value in self.variants[variant].model_dump(exclude_unset=True).items():
            merged[key] = merged[key] | value if isinstance(getattr(self, key), Section) else value
        return Recipe(**merged)


# --- evaluation ------------------------------------------------------------------------------------------------------


def _measure(text: str) -> str:
    name, _, cut = text.partition("@")
    if name not in ("nDCG", "R", "RR", "P", "AP") or not cut.isdigit() or int(cut) < 1:
        raise ValueError(f"unknown measure '{text}': write nDCG, R, RR, P or AP with a cut-off, such as nDCG@10")
    return text


class Evaluation(Section):
    """What is measured."""

    measures: list[Annotated[str, AfterValidator(_measure)]] = Field(
        ["nDCG@10", "R@100", "RR@10"], min_length=1, description="nDCG, R, RR, P or AP, each with a cut-off"
    )
    depth: Count = Field(100, description="documents of a run")
    fusion_k: Positive = Field(60.0, description="constant of reciprocal rank fusion")
    resamples: Count = Field(10000, description="of the permutation test and of the bootstrap")
    confidence: Annotated[float, Field(gt=0, lt=1)] = Field(0.95, description="of the interval")
    examples: int = Field(5, ge=0, description="won and lost queries in the report")
    trec_runs: bool = Field(False, description="also write every run in TREC format")

    @model_validator(mode="after")
    def _runs_are_deep_enough(self) -> "Evaluation":
        deepest = max(self.measures, key=lambda measure: int(measure.partition("@")[2]))
        if int(deepest.partition("@")[2]) > self.depth:
            raise ValueError(f"depth ({self.depth}) is less than {deepest} looks at")
        return self


class Settings(Section):
    """The whole config. Every corpus is run with every student and every variant."""

    corpora: dict[Name, Corpus] = Field(min_length=1, description="the corpora, by name: the folder below results/")
    students: dict[Name, Student] = Field(min_length=1, description="the models to be trained, by name")
    generation: Generation = Field(Generation(), description="synthetic queries")
    mining: Mining = Field(Mining(), description="candidate documents of every query")
    teacher: TeacherEnsemble = Field(TeacherEnsemble(), description="who scores the candidates")
    training: Training = Field(Training(), description="lists, losses and variants")
    evaluation: Evaluation = Field(Evaluation(), description="measures and tests")
    seed: int = Field(42, description="of everything that is drawn at random")

    @model_validator(mode="after")
    def _names_exist(self) -> "Settings":
        for name, member in self.teacher.members.items():
            student = getattr(member, "student", None)
            if student is not None and student not in self.students:
                raise ValueError(
                    f"teacher.members.{name}.student: no student '{student}'{nearest(student, self.students)}"
                )
        reserved = {"bm25", "teacher"}
        if clash := (reserved | set(self.mining.dense)) & set(self.students) or reserved & set(self.mining.dense):
            raise ValueError(f"the name '{min(clash)}' is taken: rename the student or retriever")
        return self
