"""Docstrings of installed packages: one document per public function, class and method.

Topics are the descriptions of other functions in the See Also sections of the docstrings, in the words of their
authors. These sections are removed from the documents.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from listill.corpus.source import RawCorpus, Source
from listill.section import Distinct, Share, Text


class PythonApi(Source):
    """Docstrings of installed packages; topics are the descriptions in their See Also sections."""

    imports: ClassVar[bool] = True

    kind: Literal["python_api"] = Field(description="docstrings of installed packages")
    packages: Annotated[list[Text], Distinct] = Field(
        ["numpy", "scipy", "pandas"], min_length=1, description="importable package names"
    )
    train: Share = Field(0.3, description="share of the relevant documents whose topics are used for training")
    dev: Share = Field(0.15, description="share of the relevant documents whose topics are used for model selection")

    def split_shares(self) -> tuple[float, float]:
        """Return the train and dev shares."""
        return self.train, self.dev

    def read(self) -> RawCorpus:
        """Read the docstrings; judgements have no split yet. UserError if a package cannot be imported."""
        from listill.corpus import see_also
        from listill.corpus.python_objects import package_versions, read_packages

        api = read_packages(self.packages)
        documents = api.documents()
        topics, qrels = see_also.find_topics(documents, api.docs, api.canonical)
        rows = [documents[name] for name in sorted(documents)]
        return RawCorpus("python_api", rows, topics, qrels, package_versions(self.packages))
