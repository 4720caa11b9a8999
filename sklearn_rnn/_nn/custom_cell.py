"""Recurrence of a custom cell, applied token by token.

Shapes: T tokens, B texts, D features, H hidden units.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Functions and methods of torch that take a generator, and do not show it in a signature.
RANDOM_FUNCTIONS = {
    *("bernoulli", "bernoulli_", "cauchy_", "exponential_", "geometric_", "log_normal_"),
    *("multinomial", "normal", "normal_", "poisson", "rand", "rand_like", "randint"),
    *("randint_like", "randn", "randn_like", "random_", "randperm", "uniform_"),
}


class CustomRecurrence(nn.Module):
    """Applies a custom cell to the tokens of texts, from an initial state of zero.

    It is called like ``torch.nn.GRU`` with one layer. The constructor of this class does not
    construct the cell; `build_cell` does.

    Parameters
    ----------
    cell_type : type
        Subclass of ``torch.nn.Module`` that is constructed by ``cell_type(input_size,
        hidden_size)``. Its ``forward(x_t, h)`` takes tensors of shape (B, D) and (B, H) and
        returns the new state, of shape (B, H).
    input_size : int
        D.
    hidden_size : int
        H.
    """

    cell: nn.Module

    def __init__(self, cell_type: type[nn.Module], input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.cell_type = cell_type
        self.input_size = input_size
        self.hidden_size = hidden_size

    def build_cell(self, generator: torch.Generator | None = None) -> None:
        """Construct the cell on the CPU. The constructor of the cell initialises the weights.

        Where the constructor would draw from torch's global random stream, it draws from another
        generator.

        Parameters
        ----------
        generator : torch.Generator, default=None
            Random generator on the CPU, which draws the seed. None: the seed is 0.
        """
        seed = 0 if generator is None else int(torch.randint(2**62, (), generator=generator))
        with DrawFrom(torch.Generator().manual_seed(seed)), torch.device("cpu"):
            self.cell = self.cell_type(self.input_size, self.hidden_size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states, (T, B, H), for `x` of shape (T, B, D), and the last state, (B, H)."""
        h = x.new_zeros(x.shape[1], self.hidden_size)
        states = []
        for x_t in x:
            h = self.cell(x_t, h)
            states.append(h)
        return torch.stack(states), h


class DrawFrom(TorchFunctionMode):
    """Context in which torch's random functions draw from a generator, in this thread alone.

    To seed the global stream and to restore it would change the random numbers of other threads.

    Parameters
    ----------
    generator : torch.Generator
        Random generator on the CPU.
    """

    def __init__(self, generator: torch.Generator) -> None:
        super().__init__()
        self.generator = generator

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Call `func`, with the generator if it takes one and the caller gives none."""
        kwargs = {} if kwargs is None else kwargs
        if kwargs.get("generator") is None and takes_generator(func):
            kwargs = {**kwargs, "generator": self.generator}
        return func(*args, **kwargs)


def takes_generator(function: Callable[..., Any]) -> bool:
    """Return whether a function of torch has a parameter ``generator``."""
    if getattr(function, "__module__", None) == nn.init.__name__:
        return "generator" in inspect.signature(function).parameters
    return getattr(function, "__name__", None) in RANDOM_FUNCTIONS


def check_custom_cell(cell_type: type, *, input_size: int, hidden_size: int) -> None:
    """Check that `CustomRecurrence` can construct a cell, and can apply it to two texts.

    Parameters
    ----------
    cell_type : type
        The class to check.
    input_size : int
        D.
    hidden_size : int
        H.

    Raises
    ------
    TypeError
        If `cell_type` is not a subclass of ``torch.nn.Module``.
    ValueError
        If the constructor or the call of the cell fails, or if the cell does not return a state of
        shape (B, H).
    """
    wanted = (
        "A cell is a subclass of torch.nn.Module that is constructed by "
        "Cell(input_size, hidden_size), and whose forward(x_t, h) takes tensors of shape "
        "(n_texts, input_size) and (n_texts, hidden_size) and returns the new state, of shape "
        "(n_texts, hidden_size)."
    )
    name = cell_type.__name__
    if not issubclass(cell_type, nn.Module):
        raise TypeError(f"cell_type={name} is not a torch.nn.Module. {wanted}")
    recurrence = CustomRecurrence(cell_type, input_size, hidden_size)
    try:
        recurrence.build_cell(torch.Generator().manual_seed(0))
        with torch.no_grad():
            state = recurrence.cell(torch.zeros(2, input_size), torch.zeros(2, hidden_size))
    except Exception as error:
        raise ValueError(f"cell_type={name} failed on a batch of two texts. {wanted}") from error
    shape = getattr(state, "shape", None)
    if shape != (2, hidden_size):
        got = type(state).__name__ if shape is None else f"a tensor of shape {tuple(shape)}"
        raise ValueError(
            f"cell_type={name} returned {got} for 2 texts and hidden_size={hidden_size}. {wanted}"
        )
