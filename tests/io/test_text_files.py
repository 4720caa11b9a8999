"""Corpora of several files: lists, patterns and folders of shards, and files that do not fit."""

import gzip
import os
import re

import pytest

from sklearn_rnn.datasets import read_texts
from tests.io.files import assert_fails_with
from tests.io.packing import make_pipe

CSV = "text,label\n{0},{1}\n"


@pytest.fixture
def shards(write):
    """Three shards in a folder, beside what Spark and systems add; their texts are "a" to "c"."""
    write("shards/_SUCCESS", "")
    write("shards/.part-a.csv.crc", "crc")
    for text, label in zip("bca", "xyz", strict=True):
        path = write(f"shards/part-{text}.csv", CSV.format(text, label))
    return path.parent


def read(path, **options):
    bunch = read_texts(path, **options)
    return list(zip(bunch.data, bunch.target, strict=True))


ALL = [("a", "z"), ("b", "x"), ("c", "y")]


def test_a_folder_of_shards_is_read_in_the_order_of_names(shards):
    assert read(shards) == read(str(shards)) == read(shards, format="csv") == ALL


@pytest.mark.parametrize("pattern", ["*.csv", "part-*", "part-[abc].csv", "../**/*.csv", "../sh*"])
def test_a_pattern(shards, pattern):
    assert read(shards / pattern) == ALL


def test_a_list_is_read_in_its_order(shards):
    paths = [shards / "part-c.csv", str(shards / "part-[ab].csv")]
    assert read(paths) == read(tuple(paths)) == [ALL[2], *ALL[:2]]
    assert read([shards, shards / "part-a.csv"]) == [*ALL, ALL[0]]


def test_a_file_whose_name_is_a_pattern(write):
    path = write("a[1].csv", CSV.format("a", "x"))
    assert read(path) == [("a", "x")]


def test_shards_may_be_compressed_or_not(shards):
    path = shards / "part-b.csv"
    (shards / "part-b.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    assert read(shards) == ALL


def test_files_without_suffix_need_a_format(write):
    folder = write("day/part-0", CSV.format("a", "x")).parent
    write("day/part-1", CSV.format("b", "y"))
    assert read(folder, format="csv") == [("a", "x"), ("b", "y")]


def test_pipes_and_file_objects_may_be_among_the_files(shards):
    path, end = make_pipe(CSV.format("p", "q").encode())
    with end, open(shards / "part-a.csv", "rb") as file:
        assert read([path, file, shards / "part-b.csv"], format="csv") == [("p", "q"), *ALL[:2]]


def test_files_that_are_left_out_are_named(shards, write):
    write("shards/README.md", "words")
    message = (
        f"{shards}: 1 of its entries are left out: 'README.md'. The suffix of a file tells its "
        "format; to read all files, pass format."
    )
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z"):
        assert read(shards) == ALL


def test_shards_beside_folders(shards, write):
    write("shards/more/d.csv", CSV.format("d", "x"))
    assert_fails_with(
        "{path} has files of texts, 'part-a.csv', 'part-b.csv', 'part-c.csv', and sub-folders, "
        "'more'. If the files are the texts, pass a pattern, as in 'folder/*.csv', or in "
        "'folder/**/*.csv' for those of sub-folders too; if the sub-folders are classes, pass "
        "format='folder'.",
        shards,
    )
    assert read(shards / "**" / "*.csv") == [("d", "x"), *ALL]


def test_a_pattern_of_folders(shards, write):
    write("other/d.csv", CSV.format("d", "x"))
    assert read(shards.parent / "[so]*") == [("d", "x"), *ALL]


def test_no_file_matches(tmp_path):
    pattern = str(tmp_path / "*.csv")
    message = f"[Errno 2] No such file, and none matches this pattern: {pattern!r}"
    with pytest.raises(FileNotFoundError, match=rf"^{re.escape(message)}\Z"):
        read_texts(pattern)


def test_a_list_must_not_be_empty():
    assert_fails_with("path is an empty list. Pass at least one file.", [])


def test_files_of_several_formats(shards, write):
    path = write("shards/part-b.jsonl", '{"text": "b", "label": "x"}')
    assert_fails_with(
        f"{path} is read as jsonl, and {shards / 'part-a.csv'} as csv. Pass files of one format.",
        shards,
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "{path} is empty."),
        ("text,label\n", "{path} holds no texts."),
        ("words,label\nc,y\n", "{path} has no column 'text'. Its columns are 'words', 'label'."),
        (
            "text;label\nc;y\n",
            "{path} has no column 'text'. Its columns are 'text;label'. If semicolons separate "
            "them, read the file with pandas.read_csv(path, sep=';'), or save it with commas.",
        ),
        (
            "text\tlabel\nc\ty\n",
            "{path} has no column 'text'. Its columns are 'text\\tlabel'. If tabs separate them, "
            "pass format='tsv' (on the command line: --format tsv).",
        ),
        (
            "label,text\ny,c\n",
            "{path} has other columns than {first}: 'label', 'text', not 'text', 'label'. All "
            "files must have the same columns, in the same order.",
        ),
        (
            "text,label,id\nc,y,1\n",
            "{path} has other columns than {first}: 'text', 'label', 'id', not 'text', 'label'. "
            "All files must have the same columns, in the same order.",
        ),
        ("text,label\n ,y\n", "{path}, line 2: there is no text. Fill it in or leave the row out."),
    ],
)
def test_a_shard_that_does_not_fit_is_found_before_the_others_are_read(shards, content, message):
    (shards / "part-a.csv").write_text(CSV.format("a", "z") + '"never closed')
    path = shards / "part-c.csv"
    path.write_text(content)
    message = message.format(path=path, first=shards / "part-a.csv")
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read_texts(shards)


def test_without_header_shards_must_have_as_many_columns(write):
    first, second = write("a.tsv", "a\tx\n"), write("b.tsv", "b\ty\tz\n")
    assert_fails_with(
        f"{second} has other columns than {first}: 3 of them, not 2 of them. All files must have "
        "the same columns, in the same order.",
        [first, second],
        text=0,
        label=1,
    )


def test_the_columns_of_headers_are_compared_with_positions_too(write):
    first, second = write("a.csv", "text,label\na,x\n"), write("b.csv", "label,text\ny,b\n")
    options = {"text": 0, "label": 1}
    assert_fails_with(
        f"{second} has other columns than {first}: 'label', 'text', not 'text', 'label'. All files "
        "must have the same columns, in the same order.",
        [first, second],
        header=True,
        **options,
    )
    assert len(read([first, second], **options)) == 4


def test_an_error_in_a_later_line_names_the_shard(shards):
    path = shards / "part-b.csv"
    path.write_text("text,label\nb,x\nc\n")
    assert_fails_with(
        f"{path}, line 3: the row has 1 field(s), and the first row has 2. Put a field that holds "
        "a ',' or a line break in double quotes.",
        shards,
    )


def test_files_are_closed(shards):
    def open_files():
        return len(os.listdir("/proc/self/fd"))

    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("files of processes differ")
    before = open_files()
    (shards / "part-c.csv").write_text("text,label\nc,y\nc\n")
    with pytest.raises(ValueError, match=r"part-c\.csv, line 3") as error:
        read_texts(shards)
    assert open_files() == before
    del error
