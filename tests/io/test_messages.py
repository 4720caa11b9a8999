"""Names and texts in messages."""

from sklearn_rnn._io.messages import listed, quoted


def test_many_and_long_names_are_shortened():
    assert listed(["a", "b c"]) == "'a', 'b c'"
    assert listed(map(str, range(25))).endswith("'18', '19' and 5 more")
    assert listed("abc", max_names=2) == "'a', 'b' and 1 more"
    assert listed(["x" * 41]) == f"'{'x' * 40}...'"
    assert quoted("x" * 40) == repr("x" * 40)
