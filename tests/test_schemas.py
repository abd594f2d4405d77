"""The definition of the tables."""

import pyarrow as pa
import pytest

from listill.measure_names import SELECTION
from listill.schemas import HUMAN, SCHEMAS, TABLES

IDS = {"doc_id", "query_id", "duplicate_of", "doc_ids"}


@pytest.mark.parametrize("name", TABLES)
def test_everything_is_described(name: str) -> None:
    table = TABLES[name]
    assert table.files
    assert table.about.endswith(".")
    assert all(about and not about.endswith(".") for _, about in table.columns.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_file_is_of_one_table(name: str) -> None:
    files = TABLES[name].files.split(", ")
    assert all(file.endswith(".parquet") for file in files)
    others = [file for other, table in TABLES.items() if other != name for file in table.files.split(", ")]
    assert not set(files) & set(others)


def test_schemas_have_the_columns_in_their_order() -> None:
    assert SCHEMAS.keys() == TABLES.keys()
    for name, schema in SCHEMAS.items():
        assert schema.names == list(TABLES[name].columns)
        assert schema.types == [kind for kind, _ in TABLES[name].columns.values()]


@pytest.mark.parametrize("name", TABLES)
def test_ids_are_strings(name: str) -> None:
    for column, (kind, _) in TABLES[name].columns.items():
        if column in IDS:
            assert kind in (pa.string(), pa.list_(pa.string()))


def test_names_that_others_rely_on() -> None:
    assert SELECTION in TABLES["history"].columns
    assert f"`{HUMAN}`" in TABLES["queries"].columns["type"][1]
