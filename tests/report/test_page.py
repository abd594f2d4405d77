"""The report page is complete and self-contained, and escapes queries."""

from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from listill.evaluation.measured import measured_values
from listill.evaluation.summary import summarise
from listill.evaluation.topics import EvaluationQueries
from listill.report.material import Material
from listill.report.page import render
from listill.report.results import Results
from report_material import NASTY, SYSTEMS, example_material, results_of
from summary_tables import NAN, summary

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects every tag with its attributes, and checks that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def material() -> Material:
    return example_material()


def test_the_page_has_all_results(material: Material) -> None:
    text = " ".join(Page(render(material, 3)).text.split())
    assert "minilm.listwise beats minilm by" in text
    for system in SYSTEMS:
        assert system in text
    for expected in (
        "30 test topics",
        "12 held-out synthetic queries",
        "lead (12)",
        "dropped: duplicate 30",
        "dropped: teacher disagrees 25",
        "trained: infonce",
        "Held out from training: 12 heldout",
        "90 lists, kept step 200, teacher temperature 0.152 (auto)",
        "relevant",
        "Untitled text",
        "2:12 min in 2 jobs",
        "2,100 MB",
        "210 passages/s",
        "95 % interval",
        "2026-11-28, listill 0.1.0, commit abc123",
        "a processor, 2 cores",
        'SentenceTransformer("results/my corpus/models/minilm/listwise")',
        "Gain by query length, test",
        "cross",
        "minilm, before training",
        "what each system found",
        "model card of sentence-transformers/all-MiniLM-L6-v2",
        "snakemake --cores all --configfile config/repeat.yaml",
        "kind: files",
        "2.13.0",
        "0123456789abcdef",
        "minilm.listwisebm25",
        "minilm reads only the beginning of 84 of 100 documents (84 %)",
        "61 % of all tokens are not read",
    ):
        assert expected in text, expected


def test_the_page_loads_nothing_and_is_well_formed(material: Material) -> None:
    page = Page(render(material, 3))
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "iframe", "img", "object", "embed", "base", "form"}
    links = [
        value for _, attributes in page.tags for key, value in attributes.items() if key in ("src", "href", "srcset")
    ]
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert links[0] == "data:,"
    assert {str(link) for link in links[1:]} <= {f"#{name}" for name in ids}
    styles = render(material, 0).partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in styles
    assert "@import" not in styles
    assert "prefers-color-scheme: dark" in styles


def test_queries_are_escaped(material: Material) -> None:
    html = render(material, 3)
    assert NASTY in Page(html).text
    assert NASTY not in html


def test_all_plots_exist_and_have_no_nan(material: Material) -> None:
    html = render(material, 3)
    assert html.count('<svg class="chart"') == 6 + 1 + 2  # curves, a teacher, the student before and after
    assert html.count('<svg class="waterfall"') == 1
    assert "nan" not in html.partition("<body>")[2].lower()


def test_the_page_renders_before_any_training(material: Material) -> None:
    """There are only bm25 and a base model, and no funnels, histories and benchmarks."""
    few = material.per_query[material.per_query["system"].isin(["bm25", "minilm"])]
    bare = replace(
        material,
        results=Results(summarise(measured_values(few, None, 100, 0.95, 1), ["minilm"])),
        teachers={},
        training=material.training.head(0),
        per_query=few,
        funnels={},
        histories=[],
        costs=[],
        runs={},
    )
    text = Page(render(bare, 3)).text
    assert "no trained variant has been evaluated" in text
    assert "No benchmark files were given" in text


def test_improved_queries_are_those_of_the_first_seed(material: Material) -> None:
    assert "first seed" not in Page(render(material, 3)).text
    second = material.per_query[material.per_query["system"].str.startswith("minilm.")]
    values = pd.concat([material.per_query, second.assign(system=second["system"] + "-seed2")])
    two = replace(material, per_query=values, results=results_of(values))
    text = Page(render(two, 3)).text
    assert "minilm.listwise (its first seed) compared with minilm" in text
    assert "mean of 2 seeds" in text


def test_a_student_that_has_lost_on_another_corpus_is_marked_red(material: Material) -> None:
    assert "Other corpora" not in render(material, 3)
    variant = next(name for name in ("minilm.infonce", "minilm.listwise") if f"{name} beats" in render(material, 3))
    elsewhere = summary({("minilm", "test"): (0.5, 0.5, NAN), (variant, "test"): (0.4, 0.5, 0.001)})
    with_loss = replace(material, retention={NASTY: Results(elsewhere)})
    page = render(with_loss, 3, max_loss=0.05)
    Page(page)
    assert f'<p class="down">{variant} has lost 0.100 nDCG@10 on &lt;script' in page
    assert '<td data-label="result" class="down">lost</td>' in page
    page = render(with_loss, 3, max_loss=0.2)
    assert "has lost" not in page
    assert '<td data-label="result">retained</td>' in page


def test_tasks_of_mteb_have_a_section(material: Material) -> None:
    assert "MTEB" not in render(material, 3)
    row = {"task": NASTY, "subset": "default", "split": "test", "measure": "ndcg_at_10", "revision": "r"}
    of_system = {"minilm": 0.5, "minilm.listwise": 0.4}
    tables = {system: pd.DataFrame([row]).assign(value=value) for system, value in of_system.items()}
    page = render(replace(material, mteb=tables), 3)
    Page(page)
    section = page[page.index('<section id="mteb">') :].partition("</section>")[0]
    assert all(text in section for text in ("minilm.listwise", "0.500", "0.400", "&lt;script"))


def test_a_learning_curve_has_a_section(material: Material) -> None:
    assert "More queries" not in render(material, 3)
    results, values = material.results, material.per_query
    own = values[(values["system"] == "minilm.listwise") & (values["split"] == results.trusted)]
    lists = next(sum(one.trained.values()) for one in material.histories if one.variant == "listwise")
    table = own.assign(share=0.5, lists=lists // 2)
    page = render(replace(material, learning_curves=[table]), 3)
    Page(page)
    section = page[page.index('<section id="learning-curve">') :].partition("</section>")[0]
    assert f"{lists // 2:,} to {lists:,} lists" in section
    assert all(text in section for text in ("50 %", "100 %", "It is not shown", "minilm.listwise"))


def test_tables_have_headers_and_charts_alternative_texts(material: Material) -> None:
    page = Page(render(material, 3))
    headers = [attributes for tag, attributes in page.tags if tag == "th"]
    assert headers
    assert {attributes.get("scope") for attributes in headers} == {"col", "row"}
    tables, captions = ([tag for tag, _ in page.tags].count(name) for name in ("table", "caption"))
    assert tables == captions > 0
    charts = [attributes for tag, attributes in page.tags if tag == "svg"]
    assert all(attributes.get("role") == "img" and attributes.get("aria-label") for attributes in charts)


def test_a_wide_interval_is_not_called_no_difference(material: Material) -> None:
    """With 30 queries of two variants that are hardly better, nothing can be told."""
    values = material.per_query.copy()
    noise = np.random.default_rng(1).normal(0, 0.3, len(values))
    trained = values["system"].str.startswith("minilm.")
    base = values[values["system"] == "minilm"].set_index(["query_id", "measure"])["value"]
    same = base.loc[list(zip(values["query_id"], values["measure"], strict=True))].to_numpy()
    values.loc[trained, "value"] = np.clip(same + noise, 0, 1)[trained]
    text = Page(render(replace(material, per_query=values, results=results_of(values)), 3)).text
    assert "TOO FEW QUERIES TO TELL" in text
    assert "NO DIFFERENCE" not in text


def test_what_training_and_test_have_in_common_is_shown(material: Material) -> None:
    """The training query 'query test 4' has the words of a topic, and all topics share the document d1 with 'else'."""
    text = "".join(Page(render(material, 3)).text.split())
    assert "test302110" in text
    assert "Onthetesttopicswithouteither" not in text


def test_a_joint_training_has_no_comparison_on_clean_topics(material: Material) -> None:
    """Its training queries of other corpora may have something in common with the topics, too."""
    qrels = material.evaluated.qrels
    alone = qrels.assign(doc_id=qrels["doc_id"].where(qrels["query_id"] != "test7", "d3"))
    clean = replace(material, evaluated=EvaluationQueries(material.evaluated.queries, alone))
    sentence = "On the test topics without either, minilm.listwise differs from minilm"
    assert sentence in Page(render(clean, 3)).text
    assert "Joint trainings" not in Page(render(clean, 3)).text
    joint = replace(clean, config=material.config | {"joint": {"listwise": {}}})
    text = Page(render(joint, 3)).text
    assert sentence not in text
    assert "Joint trainings (listwise) also use queries of other corpora." in text


def test_a_commit_with_changes_does_not_repeat_the_page(material: Material) -> None:
    page = Page(render(replace(material, origin=replace(material.origin, changed=True)), 0))
    assert "commit abc123 with uncommitted changes" in " ".join(page.text.split())
    assert "check out commit abc123, install" in page.text
    assert "the commit alone does not repeat it" in page.text
    assert "uncommitted" not in Page(render(material, 0)).text


def test_the_recall_of_an_approximate_index(material: Material) -> None:
    text = " ".join(Page(render(replace(material, recall={"minilm": 0.9726}), 3)).text.split())
    assert "The candidates of minilm were searched with an approximate index, which found 97.3 % of" in text
    assert "approximate index" not in render(replace(material, recall={}), 3)
