"""Cross-encoders: a transformer reads query and passage together, and a classification head computes the score.

The model is that of CrossEncoder in sentence-transformers, but it is loaded with transformers. If a checkpoint has no
head, CrossEncoder adds a randomly initialised one and only logs a warning. Only a CrossEncoder of several modules is
loaded with sentence-transformers (see ``listill.models.modules``).
"""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field

from listill.errors import UserError
from listill.settings.students import ONNX_FILE
from listill.teachers.reranker import Reranker

if TYPE_CHECKING:
    import torch

    from listill.teachers.prompts import PairTokens
    from listill.teachers.scorer import Scorer


class CrossEncoder(Reranker):
    """A transformer with a classification head over query and passage, such as MiniLM, BGE and mxbai rerankers."""

    architecture: ClassVar = "ForSequenceClassification"
    auto_class: ClassVar = "AutoModelForSequenceClassification"
    modular: ClassVar = True

    kind: Literal["cross_encoder"] = Field(description="a sequence classification model")
    file: str = ONNX_FILE
    label: Annotated[int, Field(ge=0)] | None = Field(
        None, description="number of the class for relevant, if the model has several classes"
    )

    def prepare(self, scorer: "Scorer") -> None:
        """Check the number of outputs, and make the last layer compute in float32."""
        from listill.teachers.heads import classify_in_float32

        config = scorer.model.config
        outputs = config.num_labels
        if outputs > 1 and (self.label is None or self.label >= outputs):
            names = ", ".join(f"{i}: {name}" for i, name in sorted(config.id2label.items()))
            raise UserError(
                f"model {self.model}: it has {outputs} classes ({names}); set label of this teacher to the class for "
                "relevant"
            )
        classify_in_float32(scorer.model)

    def forward(self, scorer: "Scorer", batch: "dict[str, torch.Tensor]", tokens: "list[PairTokens]") -> "torch.Tensor":
        """Return the logit [n] of a model with one output, or the log-odds of the class ``label`` of several."""
        scorer.model.config.pad_token_id = scorer.pad
        logits = scorer.model(**batch).logits.float()
        if logits.shape[1] == 1:
            return logits[:, 0]
        assert self.label is not None
        others = [i for i in range(logits.shape[1]) if i != self.label]
        return logits[:, self.label] - logits[:, others].logsumexp(dim=1)
