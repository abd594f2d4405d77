"""Settings of the losses and of the training of each variant."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import yaml
from pydantic import BeforeValidator, Field, create_model, field_validator, model_validator

from listill.families import names
from listill.section import Count, Distinct, Name, Positive, Section, Seed, Share, renamed_value
from listill.settings.anchor_texts import AnchorTexts
from listill.settings.lists import Lists
from listill.settings.selection import Selection
from listill.system_names import SECOND, SEED, with_seed, without_seed

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
        0.03,
        description="temperature of the student's similarities in the losses anchor_kl, listwise, margin_mse, "
        "pair_mse and ranknet",
    )
    teacher: Positive | Literal["auto"] = Field(
        "auto",
        description="temperature of the teacher's scores; auto: the mean entropy of the targets equals that of the "
        "untrained student on the same lists (for `margin_mse` and `pair_mse`, set a number)",
    )
    offset: float = Field(0.0, description="nats added to the entropy that `auto` aims at")
    infonce: Positive = Field(0.05, description="temperature of the student's similarities in the loss infonce")


class Negatives(Section):
    """Which texts of a step are used as negatives of a query: all of them except likely false negatives."""

    aliases: ClassVar[dict[str, str]] = {"margin": "guide_margin"}

    denoise: Share = Field(
        0.6,
        description="candidates of the query that the teacher scores above this share of the top score, in its list or "
        "not, are not used as negatives",
    )
    guide: Name | None = Field(
        None,
        description="a dense retriever (a student's base model, or one of `mining.additional`) that also filters "
        "likely false negatives",
    )
    guide_margin: float = Field(
        0.0,
        description="texts that the guide scores above the positive by more than this margin are not used as negatives",
    )
    listwise: bool = Field(
        True,
        description="the listwise loss also uses the negatives of the step, with a teacher probability of 0",
    )
    count: Literal["once", "every"] = Field(
        "once", description="a text counts once per step or, as in the papers, once for every list that contains it"
    )


class Lora(Section):
    """Low-rank adapters that are trained in place of the weights."""

    rank: Count = Field(16, description="rank of the adapters")
    alpha: Count = Field(
        32, description="the adapters' share is multiplied by alpha / rank: keep the ratio when you change the rank"
    )
    layers: Annotated[list[str], Field(min_length=1), Distinct] | None = Field(
        None, description="names of the linear layers that get adapters, such as `query` and `value`; default: all"
    )


class Recipe(Section):
    """How one variant is trained."""

    losses: Losses = Field({"listwise": 1.0}, min_length=1, description="the losses and their weights")
    types: Annotated[list[str], Field(min_length=1), Distinct] | None = Field(
        None, description="query types to train on; default: all"
    )
    max_lists: Count | None = Field(
        None, description="maximum number of lists to train on, sampled with the seed; default: all"
    )
    tower: Literal["both", "query"] = Field(
        "both",
        description="query: only the encoder of queries is trained; passages keep the embeddings of the base model, so that "
        "an existing index stays valid",
    )
    lora: Lora | None = Field(
        None,
        description="train low-rank adapters instead of the weights, and merge them into the weights (needs the extra "
        "`lora`); `{}` takes the defaults, null trains all weights",
    )
    matryoshka: Annotated[list[Count], Distinct] = Field(
        [],
        description="sizes to which embeddings may be cut later, such as `[64, 128, 256]`: the losses are the mean over the "
        "whole embeddings and those cut to each size, and the student is evaluated at each size",
    )
    anchor_texts: AnchorTexts | None = Field(
        None,
        description="passages of another corpus whose embeddings the losses `anchor` and `anchor_kl` keep close to those of "
        "the base model, beside the passages of the step; default: none",
    )
    epochs: Positive = Field(1.0, description="passes over the lists; may be a fraction")
    batch: Count = Field(16, description="queries per step")
    learning_rate: Positive = Field(
        1e-4, description="peak learning rate, reached by linear warm-up and followed by linear decay"
    )
    weight_decay: Annotated[float, Field(ge=0)] = Field(
        0.01, description="weight decay, not applied to biases and norms"
    )
    warmup: Share = Field(0.1, description="share of the steps in the warm-up of the learning rate")
    floor: Share = Field(0.0, description="share of the peak learning rate at which its decay ends")
    clip: Positive = Field(1.0, description="maximum gradient norm")
    temperatures: Temperatures = Field(Temperatures(), description="softmax temperatures of the losses")
    negatives: Negatives = Field(Negatives(), description="which texts of the step are used as negatives")
    max_length: Count | None = Field(
        None, description="maximum number of tokens of a passage in training; default: the student's"
    )
    query_length: Count | None = Field(
        None, description="maximum number of tokens of a query in training; default: the student's"
    )
    dropout: Share = Field(0.0, description="dropout probability in training, which replaces the model's own")
    selection: Selection = Field(Selection(), description="which weights are kept")
    memory: Positive | None = Field(
        None,
        description="GB for the activations of a step and its loss; activations that do not fit are computed twice. "
        "Default: 2, or half of the GPU's memory",
    )
    checkpoint: Count = Field(50, description="steps between checkpoints, from which an interrupted training resumes")
    seed: Seed | None = Field(
        None, description="seed of the order of queries and of all sampling in training; default: the config's seed"
    )
    tensorboard: bool = Field(
        False,
        description="write training curves for TensorBoard next to the model folder (needs the package tensorboard)",
    )

    @property
    def other_corpora(self) -> set[str]:
        """Names of the corpora that a training reads besides those of its lists."""
        anchors, retention = self.anchor_texts, self.selection.retention
        return {*([anchors.corpus] if anchors else []), *(retention.corpora if retention else [])}

    @property
    def uses_guide(self) -> bool:
        """Whether the guide is used: only losses with negatives of the whole step use it."""
        return self.negatives.guide is not None and ("infonce" in self.losses or self.negatives.listwise)


Names = Annotated[list[Name], Field(min_length=1), Distinct]
Weights = Annotated[dict[Name, Positive], Field(min_length=1)]


class OnlyInVariants(Section):
    """The keys that only variants have, or have with another meaning: where a variant is trained, and on which lists.

    A variant that sets ``lists`` or ``teachers`` has lists of its own.
    """

    corpora: Annotated[list[Name], Distinct] | None = Field(
        None,
        description="the corpora on which the variant is trained; default: all; []: none, for a recipe of `joint` only",
    )
    students: Names | None = Field(None, description="the students that are trained; default: all")
    lists: Lists | None = Field(
        None, description="settings of the variant's own lists, which override `training.lists`"
    )
    teachers: Names | Weights | None = Field(
        None,
        description="the members of the ensemble that score the variant's own lists: their names, or their names with "
        "weights; default: all members with their weights",
    )


def _optional(model: type[Section], name: str) -> type[Section]:
    """Return the model with every field optional: the settings that a variant may override."""
    fields: dict[str, Any] = {
        # The default is not validated: a key may be omitted, but may be null only if null is a valid value.
        key: (field.rebuild_annotation(), Field(None, description=field.description))
        for key, field in model.model_fields.items()
    }
    return create_model(name, __base__=OnlyInVariants, __doc__="The settings that this variant overrides.", **fields)


Variant: Any = _optional(Recipe, "Variant")


# The blocks of `training` whose keys have old names.
RENAMED_IN: dict[str, type[Section]] = {"temperatures": Temperatures, "negatives": Negatives, "lists": Lists}


def _merge(preset: dict[str, Any], config: dict[str, Any]) -> dict[str, Any]:
    """Return the preset overridden by the config: key by key within blocks, except for the losses."""
    merged = dict(preset)
    for key, value in config.items():
        try:
            value = RENAMED_IN[key].renamed(value) if key in RENAMED_IN else value
        except ValueError as error:
            raise ValueError(f"{key}: {error}") from None
        blocks = isinstance(value, dict) and isinstance(preset.get(key), dict) and key != "losses"
        merged[key] = preset[key] | value if blocks else value
    return merged


class Training(Recipe):
    """Settings that all variants share, and the variants."""

    preset: Literal["cadet", "small"] | None = Field(
        None, description="the preset that settings default to; see the files in `settings/presets/`"
    )
    lists: Lists = Field(
        Lists(), description="how training lists are built, for all variants without lists of their own"
    )
    rounds: Literal[1, 2] = Field(
        1, description="2: every trained student mines again, and `<variant>-round2` is trained on what it finds"
    )
    seeds: Count = Field(
        1,
        description="each variant is trained with this many seeds: `seed`, `seed` + 1, ...; the report has their mean and "
        "spread",
    )
    variants: dict[Name, Variant] = Field(
        {
            "listwise": Variant(losses={"listwise": 1.0}),
            "infonce": Variant(losses={"infonce": 1.0}),
            "combined": Variant(losses={"listwise": 1.0, "infonce": 0.1}),
        },
        description="the variants by name, with the settings that each overrides; `{}` overrides none",
    )

    @model_validator(mode="before")
    @classmethod
    def _start_from_preset(cls, data: Any) -> Any:
        name = data.get("preset") if isinstance(data, dict) else None
        file = Path(__file__).parent / "presets" / f"{name}.yaml"
        return _merge(yaml.safe_load(file.read_text()), data) if isinstance(name, str) and file.exists() else data

    @field_validator("variants")
    @classmethod
    def _no_reserved_names(cls, variants: dict[str, Any]) -> dict[str, Any]:
        for name in variants:
            no_suffix(name)
        return variants

    def all_variants(self) -> list[str]:
        """Return the names of all variants that are trained, including those of further seeds and the second round."""
        suffixes = ["", SECOND][: self.rounds]
        seeds = range(1, self.seeds + 1)
        return [
            f"{with_seed(variant, seed)}{suffix}"
            for variant in sorted(self.variants)
            for seed in seeds
            for suffix in suffixes
        ]

    def recipe(self, variant: str) -> Recipe:
        """Return the settings of one variant: the shared settings, overridden by the variant's own (blocks key by key).

        A variant of the second round or of another seed has the settings of the variant.
        """
        keys = set(Recipe.model_fields)
        merged = self.model_dump(include=keys)
        for key, value in self.variants[_plain(variant)].model_dump(include=keys, exclude_unset=True).items():
            shared = getattr(self, key)
            merged[key] = merged[key] | value if isinstance(shared, Section) and value is not None else value
        return Recipe(**merged)

    def lists_name(self, student: str, variant: str) -> str:
        """Return the name of the lists that a variant is trained on in the first round.

        It is ``student.variant`` if the variant has lists of its own, which all its seeds share, and else ``student``.
        """
        plain = _plain(variant)
        settings = self.variants[plain]
        shared = settings.lists is None and settings.teachers is None
        return student if shared else f"{student}.{plain}"

    def trains(self, corpus: str, student: str, variant: str) -> bool:
        """Tell whether a variant of a student is trained on a corpus."""
        settings = self.variants[_plain(variant)]
        return (settings.corpora is None or corpus in settings.corpora) and student in (settings.students or [student])

    def lists_of(self, variant: str) -> Lists:
        """Return the settings of a variant's lists: the shared ones, overridden by the variant's own key by key."""
        own = self.variants[_plain(variant)].lists
        return self.lists if own is None else Lists(**self.lists.model_dump() | own.model_dump(exclude_unset=True))

    def teachers_of(self, variant: str) -> dict[str, float] | list[str] | None:
        """Return the teachers that the variant names, with weights if it sets them; None: the whole ensemble."""
        chosen: dict[str, float] | list[str] | None = self.variants[_plain(variant)].teachers
        return chosen


def no_suffix(name: str) -> None:
    """Raise ValueError if a name ends like those of the second round or of further seeds."""
    if name.endswith(SECOND):
        raise ValueError(f"'{name}': names that end in {SECOND} are reserved for the second round; rename it")
    if SEED.search(name):
        raise ValueError(f"'{name}': names that end in -seed<number> are reserved for training.seeds; rename it")


def _plain(variant: str) -> str:
    """Return the variant's name in the config: without the suffixes of its seed and round."""
    return without_seed(variant).removesuffix(SECOND)
