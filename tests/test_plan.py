"""The plan: which settings reach which stage, and which files a config names."""

import copy
import json
from typing import Any

import pytest

from listill.errors import UserError
from listill.plan import STAGES, Plan
from plan_config import ALL, CONFIG, MODEL, RERANKER, asking, changed

STUDENT = {"encode.s", "candidates", "search.s", "search.s.one", "gate", "rerank", "scores"}
# The teachers use the first student by name.
SECOND_STUDENT = {"encode.t", "candidates", "gate", "train.t.one"}
TRAIN = {"train.s.one", "train.s.two", "train.t.one"}
LISTS = {"lists.s", "lists.t"}


def frozen(config: dict[str, Any]) -> dict[str, str]:
    plan = Plan(config)
    return {stage: plan.frozen("c", stage) for stage in ALL}


@pytest.mark.parametrize(
    ("key", "value", "touched"),
    [
        ("corpora.c.template", "{text}", {"corpus"}),
        ("corpora.c.heldout", 3, {"corpus"}),
        ("corpora.d.heldout", 3, set()),
        ("corpora.c.passages", 5, {"queries"}),
        ("corpora.c.passages_from", "relevant", {"queries"}),
        ("corpora.d.passages", 5, set()),
        ("students.s.max_length", 8, STUDENT | {"train.s.one", "train.s.two"}),
        ("generation.passages", 5, {"queries"}),
        ("generation.generator", {"kind": "extractive", "dropout": 0.5}, {"queries"}),
        ("generation.cleaning.min_words", 1, {"queries"}),
        ("generation.human", False, {"queries"}),
        ("students.t.max_length", 8, SECOND_STUDENT),
        ("students.t.precision", "fp32", SECOND_STUDENT),
        ("mining.bm25.k1", 1.5, {"candidates", "search.bm25", "gate", "rerank", "scores"}),
        ("mining.additional.extra.model", "f", {"encode.extra", "candidates"}),
        ("mining.consistency.top", 3, {"candidates"}),
        ("mining.consistency.require", "none", {"candidates"}),
        ("mining.consistency.require", "student", {"candidates", *LISTS}),
        ("mining.retrievers", ["bm25", "s", "t", "extra"], set()),  # as it is by default
        ("mining.retrievers", ["s", "t", "extra"], {"candidates"}),
        ("training.lists.candidates_from", {"s": "extra"}, {"lists.s"}),
        ("mining.depth", 50, {"candidates", "gate", "rerank"}),
        ("mining.depth", 500, {"candidates", "gate", "rerank", "search.bm25", "search.s", "search.s.one"}),
        ("teacher.normalise", "zscore", {"gate", "rerank", *LISTS}),
        ("teacher.gate.margin", 0.1, {"gate"}),
        ("teacher.gate.action", "warn", {"gate"}),
        ("training.lists.length", 4, LISTS),
        ("training.lists.top1", False, LISTS),
        ("training.lists.judgement_margin", None, LISTS),
        ("training.epochs", 3, TRAIN),
        ("training.temperatures.teacher", 0.1, TRAIN),
        ("training.selection.queries", 9, TRAIN),
        ("training.types", ["human"], TRAIN),
        ("training.variants.one.learning_rate", 1e-3, {"train.s.one", "train.t.one"}),
        ("training.variants.three", {}, set()),
        ("evaluation.measures", ["AP@5"], {"evaluate"}),
        ("evaluation.resamples", 10, {"evaluate"}),
        ("evaluation.fusion_k", 1.0, {"fuse.s+bm25"}),
        ("evaluation.depth", 200, {"search.bm25", "search.s", "search.s.one", "fuse.s+bm25", "rerank"}),
        ("seed", 2, {"corpus", "queries", *LISTS, *TRAIN, "evaluate"}),
    ],
)
def test_a_key_touches_these_stages(key: str, value: Any, touched: set[str]) -> None:
    before, after = frozen(CONFIG), frozen(changed(key, value))
    assert {stage for stage in ALL if before[stage] != after[stage]} == touched


def test_the_weight_of_a_teacher_is_not_among_what_scores_depend_on() -> None:
    members = {"m": {"kind": "late_interaction", "student": "t"}, "b": {"kind": "bm25"}}
    light = {**CONFIG, "teacher": {"members": members}}
    heavy = {**CONFIG, "teacher": {"members": {**members, "b": {"kind": "bm25", "weight": 3}}}}
    before, after = frozen(light), frozen(heavy)
    assert {stage for stage in ALL if before[stage] != after[stage]} == {"gate", "rerank", *LISTS}
    assert "weight" not in json.loads(before["scores"])["members"]["b"]
    assert json.loads(after["lists.s"])["weights"] == {"m": 1.0, "b": 3.0}
    other = {**CONFIG, "teacher": {"members": {**members, "m": {"kind": "dense"}}}}
    assert {stage for stage in ALL if before[stage] != frozen(other)[stage]} == {"gate", "rerank", "scores"}


USED = {"scores", "rerank"}


@pytest.mark.parametrize(
    ("members", "touched"),
    [
        ({"r": RERANKER}, {"s": set(), "t": set(), "bm25": set()}),
        ({"r": RERANKER, "b": {"kind": "bm25"}}, {"s": set(), "t": set(), "bm25": USED}),
        ({"d": {"kind": "dense"}}, {"s": USED, "t": set(), "bm25": set()}),
        ({"d": {"kind": "dense", "student": "t"}}, {"s": set(), "t": USED, "bm25": set()}),
        (
            {"d": {"kind": "dense", "student": "t"}, "m": {"kind": "late_interaction"}},
            {"s": USED, "t": USED, "bm25": set()},
        ),
    ],
)
def test_scores_depend_on_what_the_teachers_use(members: dict[str, Any], touched: dict[str, set[str]]) -> None:
    """The gate compares the teachers with all students and BM25, and therefore depends on all of them."""
    config = changed("teacher.members", members)
    before = frozen(config)
    places = {
        "s": ("students", "s", "precision"),
        "t": ("students", "t", "precision"),
        "bm25": ("mining", "bm25", "k1"),
    }
    for name, (block, inner, key) in places.items():
        new = copy.deepcopy(config)
        new[block].setdefault(inner, {})[key] = 1.5 if key == "k1" else "fp32"
        after = frozen(new)
        assert {stage for stage in ("scores", "rerank") if before[stage] != after[stage]} == touched[name], name
        assert before["gate"] != after["gate"]
    # A third student that comes first by name is another default.
    first = copy.deepcopy(config)
    first["students"]["a"] = {"model": "m"}
    default = any(
        member["kind"] in ("dense", "late_interaction") and "student" not in member for member in members.values()
    )
    assert (before["scores"] != frozen(first)["scores"]) is default


def test_scores_depend_on_the_prompt_and_answer_of_a_known_model() -> None:
    """They stand in the frozen settings as they were when the pairs were scored, not as a name."""
    known = {**CONFIG, "teacher": {"members": {"q": {"kind": "causal", "model": "Qwen/Qwen3-Reranker-4B"}}}}
    for stage in ("scores", "gate", "rerank"):
        text = json.loads(frozen(known)[stage])
        member = (text["members"] if stage == "scores" else text["teacher"]["members"])["q"]
        assert "".join(member["prompt"]).endswith("<think>\n\n</think>\n\n")
        assert (member["true_token"], member["false_token"]) == ("yes", "no")


def test_frozen_settings_do_not_depend_on_the_order_of_keys() -> None:
    def backwards(data: Any) -> Any:
        return {key: backwards(data[key]) for key in reversed(data)} if isinstance(data, dict) else data

    assert frozen(backwards(CONFIG)) == frozen(CONFIG)
    assert Plan(backwards(CONFIG)).frozen("c", "report") == Plan(CONFIG).frozen("c", "report")


def test_frozen_settings_are_read_back_by_their_stage() -> None:
    plan = Plan(CONFIG)
    for stage in [*ALL, "report"]:
        name, _, rest = stage.partition(".")
        arguments = rest.split(".") if name == "train" else [rest] if rest else []
        made = STAGES[name].settings(plan.settings, "c", *arguments)
        assert made.version == STAGES[name].VERSION
        assert type(made).model_validate(json.loads(plan.frozen("c", stage))) == made


def test_the_report_of_a_corpus_does_not_know_the_others() -> None:
    assert "/nowhere/d" not in Plan(CONFIG).frozen("c", "report")
    assert "/nowhere/c" in Plan(CONFIG).frozen("c", "report")


def test_only_the_chosen_retrievers_mine() -> None:
    assert Plan(CONFIG).miners == ["extra", "s", "t"]
    config = changed("mining.retrievers", ["s"])
    config["training"]["lists"] = {"candidates_from": {"t": "s"}}
    plan = Plan(config)
    assert (plan.miners, plan.retrievers) == (["s"], ["extra", "s", "t"])
    before = plan.frozen("c", "candidates")
    made = json.loads(before)
    assert (set(made["students"]), made["mining"]["additional"], made["bm25"]) == ({"s"}, {}, False)
    # Retrievers that are not used may change without any effect.
    for key, value in [
        ("students.t.model", "other"),
        ("mining.bm25.k1", 2.0),
        ("mining.additional.extra.model", "other"),
    ]:
        new = copy.deepcopy(config)
        place = new
        *way, last = key.split(".")
        for part in way:
            place = place.setdefault(part, {})
        place[last] = value
        assert Plan(new).frozen("c", "candidates") == before
    again = json.loads(plan.frozen("c", "candidates.s.one"))
    assert (set(again["students"]), again["bm25"], again["system"]) == ({"s.one"}, False, "s.one")


def test_candidates_from_another_retriever() -> None:
    config = changed("training.lists.candidates_from", {"s": "extra"})
    config["mining"]["consistency"] = {"top": 7, "require": "student"}
    plan = Plan(config)
    settings = {name: json.loads(plan.frozen("c", f"lists.{name}")) for name in ("s", "t", "s.one", "s.one-round2")}
    retrievers = {name: made["retriever"] for name, made in settings.items()}
    assert retrievers == {"s": "extra", "t": None, "s.one": "extra", "s.one-round2": "s.one"}
    assert {made["found_within"] for made in settings.values()} == {7}


def test_a_variant_with_lists_of_its_own() -> None:
    """All its seeds share them; its second round has the same settings."""
    config = changed("training.variants.one", {"lists": {"length": 5}, "teachers": ["maxsim"]})
    config["training"] |= {"seeds": 2, "rounds": 2, "lists": {"length": 4, "top1": False}}
    plan = Plan(config)
    assert plan.lists_on("c") == ["s", "s.one", "t", "t.one"]
    assert {variant: plan.lists("s", variant) for variant in plan.first_round} == {
        **{"one": "s.one", "one-seed2": "s.one"},
        **{"two": "s", "two-seed2": "s"},
    }
    shared, own, again = (
        json.loads(plan.frozen("c", f"lists.{name}")) for name in ("s", "s.one", "s.one-seed2-round2")
    )
    assert (shared["lists"]["length"], own["lists"]["length"], own["lists"]["top1"]) == (4, 5, False)
    assert (shared["student"], own["student"], own["retriever"]) == ("s", "s.one", "s")
    assert shared["weights"] == {"maxsim": 2.0, "dense": 1.0, "bm25": 1.0}
    assert own["weights"] == {"maxsim": 2.0}
    assert again == own | {"student": "s.one-seed2-round2", "retriever": "s.one-seed2"}


def test_a_variant_for_some_corpora_and_students() -> None:
    config = changed("training.variants.one", {"corpora": ["d"], "students": ["t"], "teachers": ["bm25"]})
    config["training"]["seeds"] = 2
    plan = Plan(config)
    everywhere = ["s.two", "s.two-seed2", "t.two", "t.two-seed2"]
    assert plan.trained_on("c") == everywhere
    assert sorted(plan.trained_on("d")) == sorted(plan.trained) == sorted(["t.one", "t.one-seed2", *everywhere])
    assert (plan.lists_on("c"), plan.lists_on("d")) == (["s", "t"], ["s", "t", "t.one"])
    assert "t.one+bm25" in plan.systems_on("d")
    assert [name for name in plan.systems_on("c") if "one" in name] == []


def test_weights_of_a_variants_teachers() -> None:
    plan = Plan(changed("training.variants.one.teachers", {"maxsim": 1, "bm25": 3}))
    assert json.loads(plan.frozen("c", "lists.s.one"))["weights"] == {"maxsim": 1.0, "bm25": 3.0}
    assert json.loads(plan.frozen("c", "lists.s"))["weights"] == {"maxsim": 2.0, "dense": 1.0, "bm25": 1.0}


def test_without_shared_lists() -> None:
    """They are not built if no variant is trained on them."""
    config = changed("training.variants", {"one": {"lists": {"length": 5}}, "two": {"teachers": ["bm25"]}})
    assert Plan(config).lists_on("c") == ["s.one", "s.two", "t.one", "t.two"]


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ({"teachers": ["maxsin"]}, r"training.variants.one.teachers: no teacher 'maxsin' \(did you mean 'maxsim'\?\)"),
        ({"teachers": {"x": 1}}, r"training.variants.one.teachers: no teacher 'x'"),
        ({"teachers": []}, r"training.variants.one.teachers"),
        ({"corpora": ["e"]}, r"training.variants.one.corpora: no corpus 'e'"),
        ({"students": ["u"]}, r"training.variants.one.students: no student 'u'"),
        ({"teachers": {"maxsim": 0}}, r"training.variants.one.teachers"),
        ({"lists": {"lenght": 3}}, r"training.variants.one.lists: unknown key 'lenght' \(did you mean 'length'\?\)"),
        (
            {"lists": {"candidates_from": {"s": "y"}}},
            r"training.variants.one.lists.candidates_from: no retriever 'y'",
        ),
    ],
)
def test_faults_of_a_variants_lists(variant: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        Plan(changed("training.variants.one", variant))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"mining.retrievers": ["bm52"]}, r"mining.retrievers: no retriever 'bm52' \(did you mean 'bm25'\?\)"),
        (
            {"training.lists.candidates_from": {"s": "extre"}},
            r"training.lists.candidates_from: no retriever 'extre' \(did you mean 'extra'\?\)",
        ),
        ({"training.lists.candidates_from": {"sss": "t"}}, r"training.lists.candidates_from: no student 'sss'"),
        (
            {"mining.retrievers": ["bm25", "s"]},
            r"the lists of 't' use the candidates of 't', which is not among mining.retrievers: add it there, or name",
        ),
    ],
)
def test_lists_need_candidates_of_a_known_retriever(changes: dict[str, Any], message: str) -> None:
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        block, *way = key.split(".")
        place = config[block]
        for part in way[:-1]:
            place = place.setdefault(part, {})
        place[way[-1]] = value
    with pytest.raises(UserError, match=message):
        Plan(config)


def test_lists_of_all_candidates_need_no_student_candidates() -> None:
    config = changed("mining.retrievers", ["bm25"])
    config["training"]["lists"] = {"retrievers": "all"}
    assert Plan(config).miners == []


def test_a_corpus_overrides_the_number_of_passages() -> None:
    generation = {"generator": MODEL, "passages": 100}
    plan = Plan(changed("generation", generation))
    own = Plan({**changed("corpora.c.passages", 7), "generation": generation})
    assert [json.loads(one.frozen("c", "ask.1-of-1"))["passages"] for one in (plan, own)] == [100, 7]
    assert json.loads(own.frozen("d", "ask.1-of-1"))["passages"] == 100
    assert not own.wants_judgements("c")
    assert Plan(changed("corpora.c.passages_from", "relevant")).wants_judgements("c")


def test_names() -> None:
    plan = Plan(CONFIG)
    assert plan.corpora == ["c", "d"]
    assert plan.students == ["s", "t"]
    assert plan.retrievers == ["extra", "s", "t"]
    assert plan.trained == ["s.one", "s.two", "t.one", "t.two"]
    alone = ["s", "t", "s.one", "s.two", "t.one", "t.two"]
    assert sorted(plan.systems_on("c")) == sorted(["bm25", "teacher", *alone, *(f"{name}+bm25" for name in alone)])
    assert [plan.settings.bi_encoder(name).model for name in plan.retrievers] == ["e", "m", "n"]


def test_variants_with_several_sizes() -> None:
    """Each size of each seed of each student is a system of its own. It is not fused, and its search knows the size."""
    config = changed("training.variants.one", {"matryoshka": [64, 8]})
    config["training"]["seeds"] = 2
    plan = Plan(config)
    cut = [name for name in plan.systems_on("c") if "@" in name]
    seeds = ["s.one", "s.one-seed2", "t.one", "t.one-seed2"]
    assert sorted(cut) == sorted(f"{name}@{size}" for name in seeds for size in (8, 64))
    assert not any("@" in name for name in [*plan.trained, *plan.searching])
    settings = json.loads(plan.frozen("c", "search.t.one@8"))
    assert (settings["system"], settings["student"]["model"]) == ("t.one@8", "n")
    assert "search.t.one-seed2@64" in json.loads(plan.frozen("c", "report"))["jobs"]


def test_a_faulty_config_names_its_place() -> None:
    with pytest.raises(UserError, match=r"^my\.yaml: unknown key 'sed' \(did you mean 'seed'\?\)"):
        Plan({**CONFIG, "sed": 1}, "my.yaml")


def test_shards() -> None:
    assert Plan({**CONFIG, "generation": {"shards": 3}}).shares("generated") == []
    assert asking().shares("generated") == ["1-of-1"]
    plan = asking(shards=3)
    assert plan.shares("generated") == ["1-of-3", "2-of-3", "3-of-3"]
    assert len({plan.frozen("c", f"ask.{shard}") for shard in plan.shares("generated")}) == 3
    assert {f"ask.{shard}" for shard in plan.shares("generated")} <= set(json.loads(plan.frozen("c", "report"))["jobs"])
    made = STAGES["ask"].settings(plan.settings, "c", "2-of-3")
    assert (made.shard, made.shards) == (2, 3)
    assert type(made).model_validate(json.loads(plan.frozen("c", "ask.2-of-3"))) == made


@pytest.mark.parametrize(
    ("change", "asks", "cleans"),
    [
        ({"cleaning": {"copied": 0.5}}, False, True),
        ({"human": False}, False, True),
        ({"passages": 7}, True, False),
        ({"generator": {**MODEL, "temperature": 0.1}}, True, False),
    ],
)
def test_changes_that_ask_the_model_again(change: dict[str, Any], asks: bool, cleans: bool) -> None:
    """Hours of a language model's work do not depend on how its answers are cleaned."""
    before, after = asking(), asking(**change)
    assert (before.frozen("c", "ask.1-of-1") != after.frozen("c", "ask.1-of-1")) is asks
    assert (before.frozen("c", "queries") != after.frozen("c", "queries")) is cleans


@pytest.mark.parametrize(
    ("generator", "expected"),
    [
        (MODEL, ("vllm", 1)),
        ({"kind": "transformers", "model": "m"}, ("gpu", 1)),
        ({"kind": "openai", "model": "m", "base_url": "http://x"}, ("cpu", 0)),
    ],
)
def test_environment_and_gpus_of_a_generator(generator: dict[str, Any], expected: tuple[str, int]) -> None:
    assert asking(generator=generator).asking == expected
