"""Recurrence of a custom cell, applied token by token.

Shapes: T tokens, B texts, D features, H hidden units.
"""

import torch
from torch import Tensor, nn


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

        The constructor may draw from torch's global random stream of the CPU, which is restored
        afterwards.

        Parameters
        ----------
        generator : torch.Generator, default=None
            Random generator on the CPU, which draws a seed. The seed is set in torch's global
            stream before the constructor is called. None: no seed is set.
        """
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            if generator is not None:
                seed = int(torch.randint(2**62, (), generator=generator))
                torch.default_generator.manual_seed(seed)  # torch.manual_seed seeds GPUs too
            self.cell = self.cell_type(self.input_size, self.hidden_size)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the states, (T, B, H), for `x` of shape (T, B, D), and the last state, (B, H)."""
        h = x.new_zeros(x.shape[1], self.hidden_size)
        states = []
        for x_t in x:
            h = self.cell(x_t, h)
            states.append(h)
        return torch.stack(states), h


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
