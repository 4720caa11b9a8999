"""Lines of any make, blank lines, and lists of names in messages."""

import gzip
import io
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklearn_rnn._io.byte_streams import open_bytes
from sklearn_rnn._io.text_records import read_lines, refuse_blank


def lines_of(content):
    return list(read_lines("a", open_bytes(io.BytesIO(content))))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "last"])
def test_lines_end_in_any_make(end, last):
    expected = [f"one{end}", end, f"Ü{end}", *([last] if last else [])]
    assert lines_of("".join(expected).encode()) == expected


@given(
    st.lists(
        st.tuples(
            st.text(
                st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n\ufeff"),
                min_size=1,
            ),
            st.sampled_from(["\n", "\r\n", "\r"]),
        ),
        min_size=1,
    )
)
def test_only_line_feeds_and_carriage_returns_end_a_line(pairs):
    lines = ["".join(pair) for pair in pairs]
    assert lines_of("x".join(["", *lines]).encode()) == [f"x{line}" for line in lines]


@pytest.mark.parametrize("character", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_other_separators_are_part_of_a_line(character):
    assert lines_of(f"one{character}two\n".encode()) == [f"one{character}two\n"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_ends_and_characters_at_the_border_of_a_buffer(end):
    rng = random.Random(0)
    lines = [f"{'é😀' * rng.randrange(20)}{'x' * rng.randrange(3)}{end}" for _ in range(30_000)]
    assert lines_of("".join(lines).encode()) == lines


def test_a_byte_order_mark_is_no_character_of_the_first_line():
    assert lines_of(b"\xef\xbb\xbfa\n\xef\xbb\xbfb") == ["a\n", "\ufeffb"]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("line", [1, 3, 40_000])
def test_a_line_that_is_not_utf8_is_named(end, line):
    content = b"fine" + end
    message = f"a, line {line}: byte 3 of the line, 0xef, is not UTF-8. Save the file as UTF-8."
    with pytest.raises(ValueError, match=rf"^{re.escape(message)}\Z"):
        lines_of(content * (line - 1) + b"na\xefve" + end + content)


@pytest.mark.parametrize("content", [b"\xc3", b"\xf0\x9f\x98", b"\xc0\x80", b"\xed\xa0\x80"])
def test_characters_that_are_cut_off_or_overlong(content):
    with pytest.raises(ValueError, match=r"^a, line 2: byte 1 of the line, 0x.., is not UTF-8"):
        lines_of(b"fine\n" + content)


def test_damaged_data_are_named_with_the_line():
    packed = gzip.compress(b"fine\n" * 10)
    with pytest.raises(ValueError, match=r"^a, line 11: the gzip data are cut off or damaged"):
        lines_of(packed[:-1])


def test_an_empty_file():
    with pytest.raises(ValueError, match=r"^a is empty\.\Z"):
        lines_of(b"")


def test_blank_records():
    assert list(refuse_blank("a", enumerate(["x", "y", "", ""], 1))) == [(1, "x"), (2, "y")]
    message = r"^a, line 2: the line is blank\. Fill it in or take it out\.\Z"
    with pytest.raises(ValueError, match=message):
        list(refuse_blank("a", enumerate(["x", "", "", "y"], 1)))
