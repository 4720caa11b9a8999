"""From a classifier's parameters to the plan of its network, in plain values."""

from numbers import Integral

from sklearn_rnn._nn.custom_cell import check_user_cell
from sklearn_rnn._nn.module import input_size

POOLINGS = ("last", "max", "mean", "attention", "flatten")


def plan_architecture(classifier, *, n_tokens, n_classes, n_steps):
    """Return the keyword arguments of `RecurrentModule`.

    Parameters
    ----------
    classifier : RNNTextClassifier
        Whose parameters are read, and checked where scikit-learn's constraints cannot.
    n_tokens : int
        One more than the largest id.
    n_classes : int
        Logits of each text.
    n_steps : int
        The longest text there can be, in tokens.

    Returns
    -------
    architecture : dict

    Raises
    ------
    TypeError
        If `cell_type` is a class and no torch module.
    ValueError
        If `hidden_size` contradicts `num_layers`, a tuple holds what it should not, or `cell_type`
        is a class that does not work as a cell.
    """
    vectors = classifier.word_vectors
    embedding_dim = classifier.embedding_dim if vectors is None else vectors.embedding_dim
    hidden_sizes = _layer_sizes(classifier.hidden_size, classifier.num_layers)
    if isinstance(classifier.cell_type, type):
        size = input_size(embedding_dim, n_classes, classifier.linear_ngrams)
        check_user_cell(classifier.cell_type, input_size=size, hidden_size=hidden_sizes[0])
    return {
        "n_tokens": n_tokens,
        "n_classes": n_classes,
        "n_steps": n_steps,
        "embedding_dim": embedding_dim,
        "cell_type": classifier.cell_type,
        "hidden_sizes": hidden_sizes,
        "bidirectional": bool(classifier.bidirectional),
        "merge": classifier.merge,
        "pooling": _pooling_names(classifier.pooling),
        "word_dropout": classifier.word_dropout,
        "embedding_dropout": classifier.embedding_dropout,
        "dropout": classifier.dropout,
        "head_sizes": _sizes(classifier.head_sizes, "head_sizes"),
        "batch_norm": bool(classifier.batch_norm),
        "linear_ngrams": classifier.linear_ngrams,
        "freeze_embeddings": bool(classifier.freeze_embeddings),
    }


def check_same_architecture(built, wanted):
    """Raise a ValueError unless a network of `built` can go on as `wanted`; new words may come."""
    changed = [name for name in built if name != "n_tokens" and built[name] != wanted[name]]
    if changed:
        raise ValueError(
            "The network that is to go on training was built with "
            f"{ {name: built[name] for name in changed} }, and the parameters now say "
            f"{ {name: wanted[name] for name in changed} }. Set warm_start=False and call fit to "
            "build a new one."
        )


def _layer_sizes(hidden_size, num_layers):
    if isinstance(hidden_size, Integral):
        return (hidden_size,) * (1 if num_layers is None else num_layers)
    if num_layers not in (None, len(hidden_size)):
        raise ValueError(
            f"hidden_size={hidden_size} gives the size of {len(hidden_size)} layers, and "
            f"num_layers={num_layers} asks for another number. Leave num_layers at None, or make "
            "hidden_size one int for all layers."
        )
    if not hidden_size:
        raise ValueError("hidden_size=() has no layer. Give one int, or one for each layer.")
    return _sizes(hidden_size, "hidden_size")


def _sizes(sizes, name):
    if not all(_is_size(size) for size in sizes):
        raise ValueError(f"{name}={sizes!r} must hold whole numbers of at least 1.")
    return tuple(sizes)


def _is_size(size):
    return isinstance(size, Integral) and not isinstance(size, bool) and size >= 1


def _pooling_names(pooling):
    names = (pooling,) if isinstance(pooling, str) else pooling
    known = [name for name in names if name in POOLINGS]
    if not names or len(set(known)) < len(names):
        raise ValueError(
            f"pooling={pooling!r} must be one of {', '.join(map(repr, POOLINGS))}, or a tuple of "
            "different ones."
        )
    return tuple(names)
