"""The definitions of the tables."""

import pyarrow as pa
import pytest

from listill.measure_names import SELECTION
from listill.schemas import HUMAN, SCHEMAS, TABLES

IDS = {"doc_id", "query_id", "duplicate_of", "doc_ids"}


@pytest.mark.parametrize("name", TABLES)
def test_tables_and_columns_are_described(name: str) -> None:
    table = TABLES[name]
    assert table.files
    assert table.about.endswith(".")
    assert all(description and not description.endswith(".") for _, description in table.columns.values())


@pytest.mark.parametrize("name", TABLES)
def test_every_file_belongs_to_one_table(name: str) -> None:
    files = TABLES[name].files.split(", ")
    assert all(file.endswith(".parquet") for file in files)
    others = [file for other, table in TABLES.items() if other != name for file in table.files.split(", ")]
    assert not set(files) & set(others)


def test_schemas_have_the_columns_in_order() -> None:
    assert SCHEMAS.keys() == TABLES.keys()
    for name, schema in SCHEMAS.items():
        assert schema.names == list(TABLES[name].columns)
        assert schema.types == [data_type for data_type, _ in TABLES[name].columns.values()]


@pytest.mark.parametrize("name", TABLES)
def test_ids_are_strings(name: str) -> None:
    for column, (data_type, _) in TABLES[name].columns.items():
        if column in IDS:
            assert data_type in (pa.string(), pa.list_(pa.string()))


@pytest.mark.parametrize("name", TABLES)
def test_optional_columns_exist(name: str) -> None:
    assert TABLES[name].optional <= TABLES[name].columns.keys()


def test_names_used_by_other_modules() -> None:
    assert SELECTION in TABLES["history"].columns
    assert f"`{HUMAN}`" in TABLES["queries"].columns["type"][1]
