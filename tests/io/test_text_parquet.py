"""Parquet: types of columns, what is not there, damaged files, and memory."""

import io
import re
import sys

import numpy as np
import pandas as pd
import pytest

from sklearn_rnn.datasets import read_texts
from tests.io.files import assert_fails_with
from tests.io.packing import OnlyRead, make_pipe

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TEXTS = ["Loved it,\n truly", 'a "naïve" one', "x\0y"]


@pytest.fixture
def write_table(tmp_path):
    """Return a function that writes columns to a Parquet file and returns its path."""

    def write(columns, name="a.parquet", **options):
        path = tmp_path / name
        parquet.write_table(pyarrow.table(columns), path, **options)
        return path

    return write


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd"])
@pytest.mark.parametrize("name", ["a.parquet", "A.PQ"])
def test_rows_are_read_in_order(write_table, name, compression):
    texts = TEXTS * 300
    columns = {"id": range(900), "label": [0, 1, 2] * 300, "text": texts}
    path = write_table(columns, name, compression=compression, row_group_size=70)
    bunch = read_texts(path)
    assert bunch.data.tolist() == texts
    assert bunch.target.tolist() == [0, 1, 2] * 300
    assert read_texts(path, label=None).target is None


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["b", "a", "b"], ["b", "a", "b"]),
        (np.array([1, 0, 255], dtype=np.uint8), [1, 0, 255]),
        (np.array([1, -1, 0]), [1, -1, 0]),
        (["1", "0", "1"], ["1", "0", "1"]),
        ([True, False, True], ["true", "false", "true"]),
        ([0.5, 1.0, 0.5], ["0.5", "1.0", "0.5"]),
        (pd.Categorical(["b", "a", "b"]), ["b", "a", "b"]),
        ([10**18, 1, 2], ["1000000000000000000", "1", "2"]),
    ],
)
def test_labels_are_those_of_json(write_table, labels, expected):
    bunch = read_texts(write_table({"text": TEXTS, "label": pyarrow.array(labels)}))
    assert bunch.target.tolist() == expected


@pytest.mark.parametrize("type_", ["string", "large_string", "dictionary<values=string>"])
def test_each_type_of_strings(write_table, type_):
    texts = pyarrow.array(TEXTS)
    texts = texts.dictionary_encode() if "dictionary" in type_ else texts.cast(type_)
    columns = {"title": ["One", None, "Three"], "text": texts, "label": ["x"] * 3}
    bunch = read_texts(write_table(columns), text=["title", "text"])
    assert bunch.data.tolist() == [f"One {TEXTS[0]}", TEXTS[1], f"Three {TEXTS[2]}"]


def test_files_of_pandas_and_polars(tmp_path):
    table = pd.DataFrame({"text": TEXTS, "label": [3, 4, 5]})
    table.to_parquet(tmp_path / "a.parquet")
    pytest.importorskip("polars").DataFrame(table.to_dict("list")).write_parquet(
        tmp_path / "b.parquet"
    )
    bunch = read_texts(tmp_path)
    assert bunch.data.tolist() == TEXTS * 2
    assert bunch.target.tolist() == [3, 4, 5] * 2


def test_sources_that_are_no_path(write_table):
    content = write_table({"text": TEXTS, "label": ["x"] * 3}).read_bytes()
    path, end = make_pipe(content)
    with end:
        assert read_texts(path, format="parquet").data.tolist() == TEXTS
    for file in (io.BytesIO(content), OnlyRead(content)):
        assert read_texts(file, format="parquet").data.tolist() == TEXTS
        assert not getattr(file, "closed", False)


def test_text_files_are_refused(write_table):
    path = write_table({"text": TEXTS, "label": ["x"] * 3})
    with open(path, encoding="latin-1") as file:
        message = f"{path} is open for text. Open it for bytes: open(path, 'rb')."
        with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
            read_texts(file, format="parquet")


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"words": ["a"]}, "{path} has no column 'text'. Its columns are 'words'."),
        ({"text": ["a"]}, "{path} has no column 'label'. Its columns are 'text'."),
        (
            {"text": [1], "label": [1]},
            "{path}: the text 'text' must have strings; its type is int64.",
        ),
        (
            {"text": [["a"]], "label": [1]},
            "{path}: the text 'text' must have strings; its type is list<element: string>.",
        ),
        (
            {"text": ["a"], "label": [b"a"]},
            "{path}: the label 'label' must have strings, integers, floats or booleans; its type "
            "is binary.",
        ),
        (
            {"text": ["a", None], "label": [1, 2]},
            "{path}, row 2: there is no text. Fill it in or leave the row out.",
        ),
        (
            {"text": ["a", "b"], "label": [1, None]},
            "{path}, row 2: there is no label. Fill it in or leave the row out.",
        ),
        (
            {"text": ["a", "b"], "label": [1, float("nan")]},
            "{path}, row 2: the label must be finite; got nan.",
        ),
        (
            {"text": pyarrow.array([], "string"), "label": pyarrow.array([], "string")},
            "{path} holds no texts.",
        ),
    ],
)
def test_columns_and_values_that_are_not_read(write_table, columns, message):
    assert_fails_with(message, write_table(columns))


def test_a_column_that_occurs_twice(tmp_path):
    path = tmp_path / "a.parquet"
    parquet.write_table(pyarrow.Table.from_arrays([TEXTS, TEXTS], ["text", "text"]), path)
    assert_fails_with(
        "{path} has more than one column 'text'. Its columns are 'text', 'text'.", path
    )


@pytest.mark.parametrize("options", [{"text": 0, "label": 1}, {"header": True}])
def test_positions_and_dialects_are_those_of_tables(write_table, options):
    path = write_table({"text": TEXTS, "label": ["x"] * 3})
    message = (
        "{path} has no column 0. Its columns are 'text', 'label'."
        if "text" in options
        else "{path} is read as parquet, which has neither header nor quoting. Leave them out; got "
        "header=True, quoting=0."
    )
    assert_fails_with(message, path, **options)


def test_what_is_no_parquet_file(write):
    path = write("a.parquet", "text,label\na,x\n")
    with pytest.raises(
        ValueError, match=rf"^{re.escape(str(path))} is not a Parquet file, or"
    ) as e:
        read_texts(path)
    assert str(e.value).endswith(
        "). A compressed file has to be unpacked; Parquet compresses its columns itself."
    )


def test_damaged_files_name_the_row(write_table):
    path = write_table({"text": TEXTS * 400, "label": ["x"] * 1200}, row_group_size=600)
    content = bytearray(path.read_bytes())
    cut = path.with_name("cut.parquet")
    cut.write_bytes(content[: len(content) // 2])
    with pytest.raises(ValueError, match=r"cut\.parquet is not a Parquet file, or it is cut off"):
        read_texts(cut)
    offset = parquet.ParquetFile(path).metadata.row_group(1).column(0).data_page_offset
    content[offset : offset + 20] = b"\xff" * 20
    path.write_bytes(content)
    message = rf"^{re.escape(str(path))}, after row 512: the Parquet data are cut off or damaged "
    with pytest.raises(ValueError, match=message):
        read_texts(path)


def test_strings_that_are_not_utf_8(tmp_path):
    path = tmp_path / "a.parquet"
    texts = pyarrow.array([b"a", b"\xff"]).view("string")
    parquet.write_table(pyarrow.table({"text": texts, "label": ["x", "y"]}), path)
    assert_fails_with(
        "{path}, after row 0: a string is not UTF-8 (invalid start byte). Write the file again, "
        "with strings in UTF-8.",
        path,
    )


def test_shards_of_other_columns(write_table):
    first = write_table({"text": TEXTS, "label": ["x"] * 3}, "a.parquet")
    second = write_table({"label": ["x"] * 3, "text": TEXTS}, "b.parquet")
    assert_fails_with(
        f"{second} has other columns than {first}: 'label', 'text', not 'text', 'label'. All files "
        "must have the same columns, in the same order.",
        [first, second],
    )


def test_without_pyarrow(write, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    path = write("a.parquet", "PAR1")
    message = (
        f"{path} is read as Parquet, which needs the package pyarrow. Install it: pip install "
        '"sklearn_rnn[parquet]".'
    )
    with pytest.raises(ImportError, match=rf"^{re.escape(message)}\Z"):
        read_texts(path)
