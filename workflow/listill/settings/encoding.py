"""In how many jobs the documents are encoded. Nothing but these jobs depends on that number."""

from pydantic import Field

from listill import shares
from listill.section import Count, Section


class Encoding(Section):
    """Encoding the documents with the base models and other dense retrievers."""

    shards: Count = Field(
        1,
        description="number of jobs that encode a corpus with a base model at the same time, e.g. one per GPU; the "
        "embeddings do not depend on it",
    )

    @property
    def shard_names(self) -> list[str]:
        """Names of the shares of the documents, such as ``1-of-2``; none if one job encodes them all."""
        return shares.names(self.shards) if self.shards > 1 else []
