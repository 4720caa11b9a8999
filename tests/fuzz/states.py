"""Target: `__setstate__` of both estimators and `WordVectors` with damaged states."""

import copy
from functools import cache

import numpy as np

from sklearn_rnn import WordVectors
from tests.fuzz.inputs import check_error, pick, split
from tests.fuzz.models import fitted_pipeline

VALUES = [
    None,
    0,
    -1,
    2**70,
    "",
    "lstm",
    b"",
    [],
    {},
    (),
    np.zeros(0),
    np.zeros((2, 3), np.float32),
    np.array(["a", None], dtype=object),
    float("nan"),
    object(),
]


def check(data):
    options, edits = split(data, 1)
    number = options[0] % 3
    state = copy.deepcopy(intact_state(number))
    for index in range(0, len(edits) - 2, 3):
        damage(state, *edits[index : index + 3])
    try:
        restore(number, state)
    except ValueError as error:
        check_error(error, "The state of ")


def damage(state, depth, place, value):
    """Replace or remove one entry of the state, or of a dict in it."""
    for _ in range(depth % 3):
        inner = [entry for entry in state.values() if isinstance(entry, dict) and entry]
        if inner:
            state = pick(place, inner)
    if not state:
        return
    key = pick(place, sorted(state, key=str))
    if value >= len(VALUES):
        del state[key]
    else:
        state[key] = VALUES[value]


@cache
def intact_state(number):
    if number < 2:
        return fitted_pipeline()[number].__getstate__()
    return dict(enumerate(WordVectors(["a", "b"], np.eye(2)).__getstate__()))


def restore(number, state):
    if number == 2:
        WordVectors.__new__(WordVectors).__setstate__(tuple(map(state.get, range(3))))
    else:
        estimator = type(fitted_pipeline()[number])
        estimator.__new__(estimator).__setstate__(state)
