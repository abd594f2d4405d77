"""How mining searches embeddings: exactly, or with an index of FAISS for corpora of many millions of passages."""

from typing import Annotated, Literal

from pydantic import Field

from listill.section import Count, Section


class SearchIndex(Section):
    """How the embeddings of a corpus are searched for candidates. The evaluation always searches exactly."""

    method: Literal["exact", "ivf", "hnsw"] = Field(
        "exact",
        description="exact: all passages are compared with each query; ivf, hnsw: an index of FAISS, which misses some "
        "of the nearest passages (the report says how many); meant for more than ten million passages",
    )
    lists: Count | None = Field(
        None,
        description="ivf: number of lists that passages are divided into; default: 4 times the root of their number",
    )
    probes: Count = Field(64, description="ivf: number of lists that are searched for a query")
    links: Annotated[int, Field(ge=4)] = Field(32, description="hnsw: number of links of each passage")
    beam: Count = Field(128, description="hnsw: number of passages that the search keeps while it goes along the links")
