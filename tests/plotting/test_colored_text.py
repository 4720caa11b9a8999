"""Coloured text: line breaks, direction, glyphs, HTML."""

import re
from html.parser import HTMLParser

import pytest

from sklearn_rnn._plotting.colored_text import format_signed, is_right_to_left
from tests.plotting.data import extents, make_words


def test_right_to_left_text_starts_at_the_right():
    display = make_words(["!", "הסרט", "היה", "film"]).plot()
    left_edges = [box.x0 for box in extents(display)]
    assert left_edges == sorted(left_edges, reverse=True)
    left_edges = [box.x0 for box in extents(make_words(["!", "film", "הסרט"]).plot())]
    assert left_edges == sorted(left_edges)


def test_missing_glyphs_and_formulas_do_not_warn():
    tokens = ["\U0001f468\u200d\U0001f680", "\u7535\u5f71", "$5", "$x^", "a\tb", "w" * 100]
    display = make_words(tokens, target="\u7535 $x^").plot()
    display.figure_.canvas.draw()
    shown = [text.get_text() for text in display.texts_]
    assert shown[1:] == ["\N{WHITE SQUARE}" * 2, "$5", "$x^", "a b", "w" * 39 + "…"]
    assert display.tokens == tokens


def test_html_escapes_words_and_keeps_them_whole():
    tokens = ["<unk>", "&", '"', "<script>", "\u7535\u5f71", "w" * 100]
    html = make_words(tokens, target="<b>")._repr_html_()
    assert "<script>" not in html
    assert "<unk>" not in html
    words = re.findall(r'title="[^"]*">([^<]*)</span>', html)
    escaped = ["&lt;unk&gt;", "&amp;", "&quot;", "&lt;script&gt;", "\u7535\u5f71", "w" * 100]
    assert words == escaped
    assert "<b>&lt;b&gt;</b>" in html
    assert html.count('dir="auto"') == 1
    after = html.partition('dir="auto"')[2]
    assert "<bdi>" not in after  # because dir="auto" ignores its content
    assert html.count("color:black") == 1


def test_html_closes_every_tag():
    class Tags(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.text = [], ""

        def handle_starttag(self, tag, attrs):
            if tag != "br":
                self.open.append(tag)

        def handle_endtag(self, tag):
            assert tag == self.open.pop()

        def handle_data(self, data):
            self.text += data

    tags = Tags()
    tags.feed(make_words(["<unk>", "good"], target="a & b")._repr_html_())
    tags.close()
    assert not tags.open
    assert "for and against a & b (probability 0.88)" in tags.text
    assert "<unk> good" in tags.text


def test_signed_numbers_have_a_wide_minus():
    assert [format_signed(x) for x in (1, -0.256)] == ["+1.00", "\N{MINUS SIGN}0.26"]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [(["!", "הסרט"], True), (["مرحبا"], True), (["!", "film", "הסרט"], False), (["1", "!"], False)],
)
def test_first_letter_with_a_direction_decides(tokens, expected):
    assert is_right_to_left(tokens) is expected
