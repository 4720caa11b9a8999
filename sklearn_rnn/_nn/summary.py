"""The layers of a module, as a table."""

import pandas as pd

from sklearn_rnn._linear.term import LinearTerm


def summarize(module, max_length):
    """Return a row for each layer: its output shape for one text, and its parameters.

    Parameters
    ----------
    module : RecurrentModule
        What is looked at.
    max_length : int
        The longest text there can be, in tokens.

    Returns
    -------
    summary : pandas.DataFrame
        With the columns "output_shape" and "n_parameters", indexed by "layer".
    """
    rows = [("embedding", (max_length, module.embedding.embedding_dim), module.embedding)]
    size = module.layers[0].input_size
    for i, (norm, layer) in enumerate(zip(module.layer_norms, module.layers, strict=True)):
        rows.append((f"layer_norms.{i}", (max_length, size), norm))
        size = layer.output_size
        rows.append((f"layers.{i}", (max_length, size), layer))
    sizes = [dense.in_features for dense in [*module.dense, module.output]]
    rows.append(("poolings", (sizes[0],), module.poolings))
    rows.append(("dense_norms.0", (sizes[0],), module.dense_norms[0]))
    heads = zip(module.dense, module.dense_norms[1:], sizes[1:], strict=True)
    for i, (dense, norm, size) in enumerate(heads):
        rows.append((f"dense.{i}", (size,), dense))
        rows.append((f"dense_norms.{i + 1}", (size,), norm))
    rows.append(("output", (module.output.out_features,), module.output))
    if module.linear_term is not None:
        rows.append(("linear_term", (module.output.out_features,), module.linear_term))
    table = pd.DataFrame(
        [(name, shape, count_parameters(part)) for name, shape, part in rows],
        columns=["layer", "output_shape", "n_parameters"],
    ).set_index("layer")
    is_norm = table.index.str.contains("norm")
    return table[~is_norm | (table["n_parameters"] > 0)]


def count_parameters(part):
    """Return how many numbers of a part of the module are learned, or would be if not frozen."""
    if isinstance(part, LinearTerm):
        return part.n_parameters
    return sum(p.numel() for p in part.parameters())
