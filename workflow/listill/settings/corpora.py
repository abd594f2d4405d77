"""Where a corpus comes from, and how its documents are read."""

from typing import Annotated, Literal

from pydantic import Field

from listill.settings.base import Count, Section, Share


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
    empty_text: Literal["error", "title", "keep"] = Field(
        "error",
        description="a document without text is an error; title: its title is enough; keep: it stays, and gets no queries",
    )
    dev_share: Share = Field(0.2, description="share of the train topics that become dev topics if the set has none")
    heldout: int = Field(
        100,
        ge=0,
        description="passages that never train, for synthetic test queries (and as many for dev if no topics)",
    )
    topics_are_documents: bool = Field(
        False,
        description="a topic is itself a document, under the same id, and no answer to itself (ArguAna): it leaves the "
        "candidates and runs of its topic",
    )
    passages: Count | None = Field(
        None, description="passages that get queries; default: as `generation.passages` says for all corpora"
    )
    passages_from: Literal["all", "relevant"] = Field(
        "all", description="which get queries; relevant: those that are relevant to a human train topic"
    )
