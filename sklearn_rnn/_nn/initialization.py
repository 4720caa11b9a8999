"""Initial weights of embeddings and dense layers."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

EMBEDDING_RANGE = 0.05


class SkipInitialization(TorchFunctionMode):
    """Context in which the constructors of torch's layers do not initialise the weights.

    The initialisation would draw from torch's global random stream. It is not needed, because the
    weights of a `RecurrentModule` are initialised or loaded after its construction. The device
    "meta" would skip the initialisation too, but its use imports torch's compiler, which takes 4 s.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call `func`; return the given tensor unchanged if `func` is of `torch.nn.init`."""
        kwargs = {} if kwargs is None else kwargs
        if getattr(func, "__module__", None) == nn.init.__name__:
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def init_vectors(weight: Tensor, generator: torch.Generator | None) -> None:
    """Initialise vectors uniformly between -`EMBEDDING_RANGE` and `EMBEDDING_RANGE`."""
    nn.init.uniform_(weight, -EMBEDDING_RANGE, EMBEDDING_RANGE, generator=generator)


@torch.no_grad()
def init_embedding(weight: Tensor, generator: torch.Generator | None) -> None:
    """Initialise word vectors, of shape (n_tokens, embedding_dim), as `init_vectors` does.

    Row 0, which belongs to padding, is set to zero.
    """
    init_vectors(weight, generator)
    weight[0] = 0


def init_linear(linear: nn.Linear, generator: torch.Generator | None) -> None:
    """Initialise the weights and the bias of a dense layer.

    - Weights: Glorot (Glorot & Bengio 2010, proceedings.mlr.press/v9/glorot10a).
    - Bias, if the layer has one: zero.
    """
    nn.init.xavier_uniform_(linear.weight, generator=generator)
    if linear.bias is not None:
        nn.init.zeros_(linear.bias)
