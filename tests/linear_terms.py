"""Coefficients and counts of a linear term, as dicts."""


def counts_and_coefficients(term):
    """Return the counts and the coefficients of a term by key, without the sentinel row."""
    assert term.keys[0] == 0
    assert term.keys.tolist() == sorted(set(term.keys.tolist()))
    assert (term.counts[0] == 0).all()
    assert (term.coefficients[0] == 0).all()
    keys = term.keys[1:].tolist()
    counts = dict(zip(keys, term.counts[1:].tolist(), strict=True))
    coefficients = dict(zip(keys, term.coefficients[1:].tolist(), strict=True))
    return counts, coefficients
