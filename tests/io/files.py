"""Check of the error that `read_texts` raises for a file."""

import pytest

from sklearn_rnn.datasets import read_texts


def assert_fails_with(message, path, error=ValueError, **parameters):
    with pytest.raises(error) as raised:
        read_texts(path, **parameters)
    assert str(raised.value) == message.format(path=path)
