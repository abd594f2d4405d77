"""Losses, and how each variant is trained."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from listill.families import names
from listill.section import Count, Name, Positive, Section, Share, renamed_value
from listill.settings.lists import Lists

if TYPE_CHECKING:
    Loss = str
else:
    # The loss infonce was called contrastive.
    Loss = Annotated[Literal[tuple(names("losses"))], renamed_value(contrastive="infonce")]


def _one_name_per_loss(losses: Any) -> Any:
    if isinstance(losses, dict) and {"contrastive", "infonce"} <= losses.keys():
        raise ValueError("'contrastive' is the old name of 'infonce': remove one of the two")
    return losses


Losses = Annotated[dict[Loss, Positive], BeforeValidator(_one_name_per_loss)]


class Temperatures(Section):
    """Softmax temperatures."""

    aliases: ClassVar[dict[str, str]] = {"contrastive": "infonce"}

    student: Positive = Field(
        0.03, description="of the student's similarities in the losses listwise, margin_mse and ranknet"
    )
    teacher: Positive | Literal["auto"] = Field(
        "auto",
        description="of the targets; auto: their mean entropy is that of the untrained student's on the same lists (for "
        "`margin_mse` rather give a number)",
    )
    offset: float = Field(0.0, description="nats added to the entropy that `auto` aims at")
    infonce: Positive = Field(0.05, description="of the student's similarities in the loss infonce")


class Negatives(Section):
    """What may be pushed away from a query: all texts of the step, but for likely false negatives."""

    aliases: ClassVar[dict[str, str]] = {"margin": "guide_margin"}

    denoise: Share = Field(
        0.6, description="documents of the own list with more than this share of the top teacher score are no negatives"
    )
    guide: Name | None = Field(
        None,
        description="a dense retriever (a student's base, or one of `mining.additional`) that may veto negatives, too",
    )
    guide_margin: float = Field(
        0.0,
        description="texts that the guide scores above the positive by more than this margin are not used as negatives",
    )
    listwise: bool = Field(
        True, description="the listwise loss sees them, too, as documents to which the teacher gives nothing"
    )
    count: Literal["once", "every"] = Field(
        "once", description="a text that stands in several lists counts once, or (as in the papers) every time"
    )


def _yaml_no(value: Any) -> Any:
    return "no" if value is False else value  # an unquoted `no` in YAML 1.1


class Selection(Section):
    """Which weights are kept: the best nDCG@10 on dev queries; the base model is a candidate."""

    evaluations: Count = Field(4, description="how often training is interrupted to measure")
    patience: Count | None = Field(None, description="stop after so many measurements without a better one")
    average: Count | None = Field(
        None, description="the mean of the weights at the last so many measurements is a candidate too"
    )
    merge: Annotated[Literal["no", "report", "use"], BeforeValidator(_yaml_no)] = Field(
        "no", description="measure mixtures of the base's and the best weights; use: the best mixture is a candidate"
    )
    queries: Count = Field(300, description="dev queries used, drawn with the seed")
    documents: Count = Field(
        5000, description="documents searched; of a larger corpus the base model's best for each query and a sample"
    )


class Recipe(Section):
    """How one variant is trained."""

    losses: Losses = Field({"listwise": 1.0}, min_length=1, description="weights of the losses")
    types: list[str] | None = Field(None, description="query types that are trained on; default: all")
    max_lists: Count | None = Field(None, description="lists used, drawn with the seed; default: all")
    epochs: Positive = Field(1.0, description="passes over the lists; may be a fraction")
    batch: Count = Field(16, description="queries of a step")
    learning_rate: Positive = Field(
        1e-4, description="the highest of the schedule: a linear rise, then a linear fall to 0"
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(0.01, description="not on biases and norms")
    warmup: Share = Field(0.1, description="share of the steps in which the learning rate rises")
    floor: Share = Field(0.0, description="share of the highest learning rate at which its fall ends")
    clip: Positive = Field(1.0, description="largest gradient norm")
    temperatures: Temperatures = Field(Temperatures(), description="softmax temperatures of the losses")
    negatives: Negatives = Field(Negatives(), description="which texts of the step are negatives")
    max_length: Count | None = Field(None, description="tokens of a passage in training; default: the student's")
    query_length: Count | None = Field(None, description="tokens of a query in training; default: the student's")
    dropout: Share = Field(0.0, description="dropout probability in training, whatever the model's own is")
    selection: Selection = Field(Selection(), description="which weights are kept")
    memory: Positive | None = Field(
        None,
        description="GB for the intermediate values of a step; a larger step is computed in two passes. Default: 2, or half "
        "of the GPU's",
    )
    checkpoint: Count = Field(50, description="steps between checkpoints, from which an interrupted training goes on")
    seed: int | None = Field(
        None, description="of the order of queries and of all that is drawn in training; default: the config's"
    )
    tensorboard: bool = Field(
        False, description="write curves for TensorBoard (install tensorboard) beside the checkpoint"
    )

    @property
    def uses_guide(self) -> bool:
        """Whether a guide has a say: it concerns the losses that see negatives of the whole step."""
        return self.negatives.guide is not None and ("infonce" in self.losses or self.negatives.listwise)


def _optional(model: type[Section], name: str) -> type[Section]:
    """Return the model with every field optional: what a variant may override."""
    fields: dict[str, Any] = {
        # The default is not checked: a key may be left out, but be null only where null means something.
        key: (field.rebuild_annotation(), Field(None, description=field.description))
        for key, field in model.model_fields.items()
    }
    return create_model(name, __base__=Section, __doc__="What this variant does differently.", **fields)


# How variants of the second round are named.
SECOND = "-round2"

Variant: Any = _optional(Recipe, "Variant")


# The blocks of a recipe that have old key names.
RENAMED_IN: dict[str, type[Section]] = {"temperatures": Temperatures, "negatives": Negatives, "lists": Lists}


def _over(preset: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Return the preset with what the config says itself put over it, blocks key by key (but losses as a whole)."""
    merged = dict(preset)
    for key, value in own.items():
        try:
            value = RENAMED_IN[key].renamed(value) if key in RENAMED_IN else value
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
        blocks = isinstance(value, dict) and isinstance(preset.get(key), dict) and key != "losses"
        merged[key] = preset[key] | value if blocks else value
    return merged


class Training(Recipe):
    """Settings shared by all variants, and the variants."""

    preset: Literal["cadet", "small"] | None = Field(
        None, description="where settings start from that are not given here: the files in `settings/presets/`"
    )
    lists: Lists = Field(Lists(), description="how training lists are made, for all variants")
    rounds: Literal[1, 2] = Field(
        1, description="2: every trained student mines once more, and `<variant>-round2` is trained on what it finds"
    )
    variants: dict[Name, Variant] = Field(
        {
            "listwise": Variant(losses={"listwise": 1.0}),
            "infonce": Variant(losses={"infonce": 1.0}),
            "combined": Variant(losses={"listwise": 1.0, "infonce": 0.1}),
        },
        description="by name, what each variant does differently; `{}` is the shared settings as they stand",
    )

    @model_validator(mode="before")
    @classmethod
    def _start_from_preset(cls, data: Any) -> Any:
        name = data.get("preset") if isinstance(data, dict) else None
        file = Path(__file__).parent / "presets" / f"{name}.yaml"
        return _over(yaml.safe_load(file.read_text()), data) if isinstance(name, str) and file.exists() else data

    @field_validator("variants")
    @classmethod
    def _no_second_round(cls, variants: dict[str, Any]) -> dict[str, Any]:
        for name in variants:
            if name.endswith(SECOND):
                raise ValueError(f"'{name}': names that end in {SECOND} are those of the second round")
        return variants

    def all_variants(self) -> list[str]:
        """Return the names of what is trained: the variants, and those of the second round."""
        rounds = ["", SECOND][: self.rounds]
        return [f"{variant}{suffix}" for variant in sorted(self.variants) for suffix in rounds]

    def recipe(self, variant: str) -> Recipe:
        """Return the settings of one variant: what it says, else what is shared (sections key by key).

        A variant of the second round has those of the first.
        """
        variant = variant.removesuffix(SECOND)
        merged = self.model_dump(include=set(Recipe.model_fields))
        for key, value in self.variants[variant].model_dump(exclude_unset=True).items():
            merged[key] = merged[key] | value if isinstance(getattr(self, key), Section) else value
        return Recipe(**merged)
