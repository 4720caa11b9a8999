"""Folders of texts: layouts of real ones, entries that are left out, broken files."""

import os
import re
import tarfile
import warnings

import pytest

from sklearn_rnn.datasets import read_texts
from tests.io.packing import PACKERS, SUFFIXES

MANY = "Each .txt file in the folder of its class, compressed or not, is a text."


@pytest.fixture
def make(tmp_path):
    """Return a function that writes files, of their names as content, and returns the folder."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(path.stem.encode())
        return tmp_path

    return make


def read(path, **options):
    bunch = read_texts(path, **options)
    if bunch.target is None:
        return bunch.data.tolist()
    return list(zip(bunch.target, bunch.data, strict=True))


def assert_fails(message, path, **options):
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        read(path, **options)


def test_texts_are_in_the_order_of_names(make):
    folder = make("pos/2.txt", "pos/10.txt", "neg/b.txt", "neg/a.txt")
    assert read(folder) == [("neg", "a"), ("neg", "b"), ("pos", "10"), ("pos", "2")]
    assert read(folder / "neg", label=None) == ["a", "b"]


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("upper", [False, True])
def test_suffixes_are_compared_without_case(make, name, upper):
    file = f"a.txt{SUFFIXES[name]}"
    folder = make("x/b.Txt")
    (folder / "x" / (file.upper() if upper else file)).write_bytes(PACKERS[name](b"packed"))
    assert sorted(read(folder)) == [("x", "b"), ("x", "packed")]


@pytest.mark.parametrize(
    "hidden",
    [
        ".DS_Store",
        "._x",
        "x/.DS_Store",
        "x/._a.txt",
        "x/.hidden.txt",
        "x/.ipynb_checkpoints/a.txt",
        ".ipynb_checkpoints/a.txt",
        "__MACOSX/x/._a.txt",
        "__MACOSX/._x",
        ".git/config",
        "Thumbs.db",
        "x/Thumbs.db",
        "x/desktop.ini",
        "Icon\r",
        "$RECYCLE.BIN/S-1-5/desktop.ini",
        "System Volume Information/IndexerVolumeGuid",
        "lost+found/a.txt",
        "x/@eaDir/a.txt",
    ],
)
def test_hidden_entries_are_left_out_without_a_word(make, hidden):
    folder = make("x/a.txt", hidden)
    (folder / hidden).write_bytes(b"\0\5\x16\7\xff")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(folder) == [("x", "a")]


def test_other_entries_are_counted_and_named_in_one_warning(make):
    folder = make("x/a.txt", "x/b.md", "y/c.txt", "y/sub/d.txt", "README", "urls_pos.txt")
    os.mkfifo(folder / "x" / "pipe.txt")
    (folder / "y" / "folder.txt").mkdir()
    os.symlink(folder / "none", folder / "y" / "broken.txt")
    message = (
        f"{folder}: 7 of its entries are left out: 'urls_pos.txt', 'README', 'x/b.md', "
        f"'x/pipe.txt', 'y/folder.txt' and 2 more. {MANY}"
    )
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z") as caught:
        assert read(folder) == [("x", "a"), ("y", "c")]
    assert [warning.filename for warning in caught] == [__file__]


def test_other_entries_of_a_folder_without_labels(make):
    folder = make("a.txt", "b.md", "x/a.txt", ".DS_Store")
    message = f"{folder}: 2 of its entries are left out: 'x', 'b.md'. {MANY}"
    with pytest.warns(UserWarning, match=rf"^{re.escape(message)}\Z"):
        assert read(folder, label=None) == ["a"]


def test_links_are_followed(make, tmp_path):
    folder = make("data/x/a.txt", "elsewhere/b.txt") / "data"
    os.symlink(tmp_path / "elsewhere", folder / "y")
    os.symlink(tmp_path / "elsewhere" / "b.txt", folder / "x" / "c.txt")
    assert read(folder) == [("x", "a"), ("x", "b"), ("y", "b")]


def test_a_link_that_leads_back(make):
    folder = make("x/a.txt", "loop/README") / "loop"
    os.symlink(folder, folder / "loop")
    with pytest.raises(ValueError, match=r"loop/loop has no \.txt files"):
        read(folder)
    os.symlink(folder / "self", folder / "self")
    with pytest.raises(ValueError, match=r"loop/loop has no \.txt files"):
        read(folder)


# The folder of an archive


@pytest.mark.parametrize("outer", ["data", "data/data", "a/b/c"])
def test_the_folder_of_an_archive_is_entered(make, outer):
    folder = make(f"{outer}/pos/a.txt", f"{outer}/neg/b.txt", "__MACOSX/._data", ".DS_Store")
    assert read(folder) == [("neg", "b"), ("pos", "a")]


def test_a_single_class_is_not_entered(make):
    folder = make("data/a.txt", "data/sub/b.txt")
    with pytest.warns(UserWarning, match="1 of its entries are left out: 'data/sub'"):
        assert read(folder) == [("data", "a")]


@pytest.mark.parametrize("outer", ["data", "a/data"])
@pytest.mark.parametrize("other", ["README.md", "README.txt", "data/README.md", "data/README.txt"])
def test_a_file_beside_the_folders_of_an_archive(make, outer, other):
    other = other.replace("data", outer)
    folder = make(f"{outer}/pos/a.txt", f"{outer}/neg/b.txt", other)
    message = f"1 of its entries are left out: '{other}'."
    with pytest.warns(UserWarning, match=re.escape(message)):
        assert read(folder) == [("neg", "b"), ("pos", "a")]


# Layouts of known corpora


def test_aclimdb(make):
    files = [
        f"{part}/{label}/1_{n}.txt"
        for part in ("train", "test")
        for label in ("neg", "pos")
        for n in (7, 8)
    ]
    folder = make(
        *files,
        "train/unsup/1_0.txt",
        "train/labeledBow.feat",
        "train/urls_pos.txt",
        "README",
        "imdb.vocab",
    )
    assert_fails(
        f"{folder / 'test'} has no .txt files, compressed or not. It has sub-folders, 'neg', "
        "'pos'. If they are the classes, pass this folder, and a label that is not None.",
        folder,
    )
    assert [label for label, _ in read(folder / "test")] == ["neg", "neg", "pos", "pos"]
    with pytest.warns(UserWarning, match="2 of its entries are left out"):
        assert {label for label, _ in read(folder / "train")} == {"neg", "pos", "unsup"}
    assert_fails(
        f"{folder / 'test'} has no .txt files, compressed or not. It has sub-folders, 'neg', "
        "'pos'. If they are the classes, pass this folder, and a label that is not None.",
        folder / "test",
        label=None,
    )


def test_newsgroups(make):
    folder = make("20news/alt.atheism/49960", "20news/alt.atheism/51060", "20news/misc/70337")
    assert_fails(
        f"{folder / '20news' / 'alt.atheism'} has no .txt files, compressed or not. It has 2 other "
        "file(s), the first is '49960'. Rename them so that they end in .txt, or read them with "
        "sklearn.datasets.load_files.",
        folder,
    )


def test_an_archive_that_is_not_unpacked(make, tmp_path):
    make("texts/pos/a.txt", "texts/neg/b.txt")
    path = tmp_path / "texts.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(tmp_path / "texts", "texts")
    for format in (None, "csv"):
        message = f"{path} is a tar archive. Unpack it, and pass the file or folder to read."
        assert_fails(message, path, format=format)


# Folders without classes or texts, and broken files


def test_a_folder_without_classes(make):
    message = (
        "{} has no sub-folders. A folder of labelled texts has one for each class; for texts "
        "without labels pass label=None."
    )
    folder = make("flat/a.txt") / "flat"
    assert_fails(message.format(folder), folder)
    (folder / "a.txt").unlink()
    assert_fails(message.format(folder), folder)
    assert_fails(f"{folder} has no .txt files, compressed or not.", folder, label=None)


def test_a_class_without_texts(make):
    folder = make("x/a.txt")
    (folder / "y").mkdir()
    assert_fails(f"{folder / 'y'} has no .txt files, compressed or not.", folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", " is empty."),
        (b" \n", ": there is no text. Fill it in or leave the row out."),
        (
            b"fine\n\xff",
            ", line 2: byte 1 of the line, 0xff, is not UTF-8. Save the file as UTF-8.",
        ),
        (b"%PDF-1.7", " is a PDF. Export its texts as CSV in UTF-8."),
    ],
)
def test_a_broken_file(make, content, message):
    folder = make("x/a.txt", "x/b.txt")
    (folder / "x" / "b.txt").write_bytes(content)
    assert_fails(f"{folder / 'x' / 'b.txt'}{message}", folder)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
@pytest.mark.parametrize("name", ["x", "x/a.txt"])
def test_what_may_not_be_read_is_named(make, name):
    folder = make("x/a.txt")
    (folder / name).chmod(0)
    try:
        with pytest.raises(PermissionError, match=re.escape(str(folder / name))):
            read(folder)
    finally:
        (folder / name).chmod(0o700)


def test_a_text_is_as_it_is_in_the_file(make):
    folder = make("x/a.txt")
    text = "one\r\ntwo\rthree\n\n\u2028\x0b\x85 é\n"
    (folder / "x" / "a.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert read(folder) == [("x", text)]
