"""Table of the layers of a network."""

import pandas as pd
from torch import nn

from sklearn_rnn._linear.term import LinearTerm
from sklearn_rnn._nn.module import RecurrentModule


def summarize(module: RecurrentModule, max_length: int) -> pd.DataFrame:
    """Return a table with the output shape for one text and the number of parameters of each layer.

    Parameters
    ----------
    module : RecurrentModule
        The network.
    max_length : int
        Length of the longest possible text, in tokens.

    Returns
    -------
    summary : pandas.DataFrame
        One row per layer, and one row for all poolings together, indexed by "layer", with the
        columns "output_shape" and "n_parameters". Normalisations have rows only if the network uses
        batch normalisation. Dropout has no row.
    """
    table = pd.DataFrame(
        [
            (name, shape, count_parameters(layer))
            for name, shape, layer in _list_layers(module, max_length)
        ],
        columns=["layer", "output_shape", "n_parameters"],
    ).set_index("layer")
    is_norm = table.index.str.contains("norm")
    return table[~is_norm | (table["n_parameters"] > 0)]


def _list_layers(
    module: RecurrentModule, max_length: int
) -> list[tuple[str, tuple[int, ...], nn.Module]]:
    """Return the name, output shape and module of each layer, in the order of computation."""
    rows: list[tuple[str, tuple[int, ...], nn.Module]] = []
    rows.append(("embedding", (max_length, module.embedding.embedding_dim), module.embedding))
    if module.character_embedding is not None:
        shape = (max_length, module.embedding.embedding_dim)
        rows.append(("character_embedding", shape, module.character_embedding))
    for i, (norm, layer) in enumerate(zip(module.layer_norms, module.layers, strict=True)):
        rows.append((f"layer_norms.{i}", (max_length, layer.input_size), norm))
        rows.append((f"layers.{i}", (max_length, layer.output_size), layer))
    sizes = [dense.in_features for dense in [*module.dense, module.output]]
    rows.append(("poolings", (sizes[0],), nn.ModuleList(module.poolings)))
    rows.append(("dense_norms.0", (sizes[0],), module.dense_norms[0]))
    heads = zip(module.dense, module.dense_norms[1:], sizes[1:], strict=True)
    for i, (dense, norm, size) in enumerate(heads):
        rows.append((f"dense.{i}", (size,), dense))
        rows.append((f"dense_norms.{i + 1}", (size,), norm))
    n_classes = module.output.out_features
    rows.append(("output", (n_classes,), module.output))
    if module.linear_term is not None:
        rows.append(("linear_term", (n_classes,), module.linear_term))
    return rows


def count_parameters(layer: nn.Module) -> int:
    """Return the number of parameters of a layer, including frozen parameters."""
    if isinstance(layer, LinearTerm):
        return layer.n_parameters
    return sum(p.numel() for p in layer.parameters())


def count_trained(module: RecurrentModule) -> int:
    """Return the number of learned parameters: with the linear term, without a frozen embedding."""
    n_parameters = sum(p.numel() for p in module.parameters() if p.requires_grad)
    return n_parameters + (0 if module.linear_term is None else module.linear_term.n_parameters)
