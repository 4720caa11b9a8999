"""Files that are written beside their destination: the old or the new one, never half of one."""

import os
import stat
import subprocess
import sys
import threading

import joblib
import pandas as pd
import pytest

from sklearn_rnn._io.atomic_write import atomic_write

posix = pytest.mark.skipif(os.name != "posix", reason="Windows has no such files or permissions")


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "out.csv"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize(
    "name",
    [
        *("out.csv", "a b.csv", "ä"),
        pytest.param("x" * 255, marks=posix),
        pytest.param("a\n.csv", marks=posix),
        pytest.param(
            "\udcff.csv", marks=pytest.mark.skipif(sys.platform != "linux", reason="macOS")
        ),
    ],
)
def test_the_new_file_is_there_after_the_block(tmp_path, old, name):
    path = tmp_path / name
    if old is not None:
        path.write_text(old)
    with atomic_write(path) as new:
        new.write_text("new")
        assert new.name == name
        assert (path.read_text() if path.exists() else None) == old
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [None, "old"])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OSError])
def test_an_error_leaves_the_old_file(path, old, error):
    if old is not None:
        path.write_text(old)

    def fail_halfway():
        with atomic_write(path) as new:
            new.write_text("half")
            raise error

    with pytest.raises(error):
        fail_halfway()
    assert [file.read_text() for file in path.parent.iterdir()] == [old] * (old is not None)


@pytest.mark.parametrize("old", [None, "old"])
def test_a_block_that_writes_nothing_leaves_the_old_file(path, old):
    if old is not None:
        path.write_text(old)
    with atomic_write(path):
        pass
    assert [file.read_text() for file in path.parent.iterdir()] == [old] * (old is not None)


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o000])
def test_a_new_file_has_the_permissions_of_any_new_file(path, umask):
    before = os.umask(umask)
    try:
        with atomic_write(path) as new:
            new.touch()
    finally:
        os.umask(before)
    assert mode(path) == 0o666 & ~umask


@posix
@pytest.mark.parametrize("permissions", [0o600, 0o664, 0o755])
def test_the_permissions_of_the_old_file_remain(path, permissions):
    path.touch()
    path.chmod(permissions)
    with atomic_write(path) as new:
        new.touch()
    assert mode(path) == permissions


@posix
@pytest.mark.parametrize("exists", [False, True])
def test_a_link_remains_and_its_file_is_replaced(path, exists):
    file = path.parent / "folder" / "file.csv"
    file.parent.mkdir()
    if exists:
        file.write_text("old")
    path.symlink_to("folder/file.csv")
    with atomic_write(path) as new:
        new.write_text("new")
    assert path.is_symlink()
    assert file.read_text() == "new"


@posix
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("missing/out.csv", FileNotFoundError),
        ("", FileNotFoundError),
        (".", IsADirectoryError),
        ("new/", IsADirectoryError),
        ("file/out.csv", NotADirectoryError),
        ("loop", OSError),
    ],
)
def test_a_name_that_cannot_be_written(path, name, kind):
    (path.parent / "file").touch()
    (path.parent / "loop").symlink_to("loop")
    before = sorted(path.parent.iterdir())
    with pytest.raises(kind) as caught, atomic_write(name) as new:
        new.touch()
    assert caught.value.filename == name
    assert str(caught.value).endswith(f": {name!r}")
    assert sorted(path.parent.iterdir()) == before


@posix
@pytest.mark.skipif(os.access("/", os.W_OK), reason="root may write anywhere")
@pytest.mark.parametrize("read_only", ["file", "folder"])
def test_what_is_read_only_is_left(path, read_only):
    path.write_text("old")
    (path if read_only == "file" else path.parent).chmod(0o555)
    try:
        with pytest.raises(PermissionError) as caught, atomic_write(path):
            pass
    finally:
        path.parent.chmod(0o755)
    assert caught.value.filename == str(path)
    assert path.read_text() == "old"


@posix
def test_a_pipe_is_written_in_place(path):
    os.mkfifo(path)
    received = []
    reader = threading.Thread(target=lambda: received.append(path.read_text()))
    reader.start()
    with atomic_write(path) as new:
        new.write_text("new")
    reader.join(timeout=10)
    assert received == ["new"]
    assert path.is_fifo()


@posix
def test_a_device_is_written_in_place():
    with atomic_write("/dev/null") as new:
        new.write_text("new")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not os.path.exists("/dev/fd"), reason="there are no names of open files")
@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
@pytest.mark.parametrize("is_pipe", [False, True])
def test_an_open_file_is_written_in_place(path, name, is_pipe):
    (path.parent / "link").symlink_to("/dev/stdout")
    code = (
        "from sklearn_rnn._io.atomic_write import atomic_write\n"
        f"with atomic_write({name!r}) as new: new.write_text('new')"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with open(path, "w+") as stream:
        process = subprocess.run(
            [sys.executable, "-c", code],
            stdout=subprocess.PIPE if is_pipe else stream,
            env=environment,
            check=True,
        )
        assert (process.stdout or stream.read().encode()) == b"new"  # the inode is still the same


@pytest.mark.parametrize("name", ["model.joblib", "model.joblib.gz"])
def test_joblib_chooses_the_compression_by_the_name(path, name):
    with atomic_write(name) as new:
        joblib.dump([1], new)
    joblib.dump([1], "expected-" + name)
    with open(name, "rb") as stream, open("expected-" + name, "rb") as expected:
        assert stream.read(2) == expected.read(2)


@pytest.mark.parametrize("name", ["out.csv", "out.csv.gz", "out.csv.zip"])
def test_pandas_chooses_the_compression_by_the_name(path, name):
    table = pd.DataFrame({"a": [1]})
    with atomic_write(name) as new:
        table.to_csv(new, index=False)
    assert pd.read_csv(name).equals(table)
