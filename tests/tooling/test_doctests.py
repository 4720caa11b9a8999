"""Examples of classes that pytest does not find, because `__module__` is their public module."""

import doctest
import inspect

import pytest

import sklearn_rnn

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE  # those of pytest.ini_options

CLASSES = [name for name in sklearn_rnn.__all__ if inspect.isclass(getattr(sklearn_rnn, name))]


@pytest.mark.parametrize("name", CLASSES)
def test_the_examples_of_a_class(name):
    tests = doctest.DocTestFinder().find(getattr(sklearn_rnn, name), name, module=False, globs={})
    assert any(test.examples for test in tests)
    runner = doctest.DocTestRunner(optionflags=FLAGS)
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
