"""Checks of the errors of files that are not read."""

import io
import re

import pytest

from sklearn_rnn._io.byte_streams import open_bytes
from sklearn_rnn.datasets import read_texts


def assert_fails_with(message, path, error=ValueError, **parameters):
    with pytest.raises(error) as raised:
        read_texts(path, **parameters)
    assert str(raised.value) == message.format(path=path)


def read_bytes(content):
    with open_bytes(io.BytesIO(content)) as stream:
        return stream.read()


def assert_refused(content, message):
    with pytest.raises(ValueError, match=rf"^<stream> {re.escape(message)}\Z"):
        read_bytes(content)
