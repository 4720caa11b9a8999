"""How many words have a vector."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Coverage:
    """How many words have a vector, as :meth:`WordVectors.coverage` counts them.

    Attributes
    ----------
    n_words : int
        Distinct words.
    n_found : int
        Those that have a vector.
    n_occurrences, n_occurrences_found : int
        The same, each word as often as it occurs.
    missing : tuple of str
        The words that have none, the most frequent first.
    """

    n_words: int
    n_found: int
    n_occurrences: int
    n_occurrences_found: int
    missing: tuple = field(repr=False)

    def __str__(self):
        found = f"{self.n_found:,} of {self.n_words:,} words have a vector"
        share = self.n_found / self.n_words
        occurrences = self.n_occurrences_found / self.n_occurrences
        return (
            f"{found} ({share:.1%}), {len(self.missing):,} have none; "
            f"{occurrences:.1%} of the occurrences have one"
        ).replace("%", " %")
