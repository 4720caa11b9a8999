"""A recurrence of the user's own, step by step; torch only.

Shapes: T tokens, B texts, D features, H hidden units.
"""

import torch
from torch import nn


class UserRecurrence(nn.Module):
    """Runs a cell over the words, in the manner of ``torch.nn.GRU``.

    Parameters
    ----------
    cell_type : type
        Subclass of ``torch.nn.Module``, made with ``(input_size, hidden_size)``; its
        ``forward(x_t, h)`` takes tensors of shape (B, D) and (B, H), and returns the new (B, H).
    input_size, hidden_size : int
        D and H.
    """

    def __init__(self, cell_type, input_size, hidden_size):
        super().__init__()
        self.cell_type = cell_type
        self.input_size = input_size
        self.hidden_size = hidden_size

    def draw(self, generator):
        """Make the cell, with the first weights that its own constructor draws.

        They come from torch's global stream, which is put back afterwards.
        """
        with torch.random.fork_rng(devices=[]), torch.device("cpu"):
            if generator is not None:
                torch.manual_seed(torch.randint(2**62, (), generator=generator).item())
            self.cell = self.cell_type(self.input_size, self.hidden_size)

    def forward(self, x):
        """Return the states of shape (T, B, H), and the last, for `x` of shape (T, B, D)."""
        h = x.new_zeros(x.shape[1], self.hidden_size)
        states = []
        for x_t in x:
            h = self.cell(x_t, h)
            states.append(h)
        return torch.stack(states), h


def check_user_cell(cell_type, *, input_size, hidden_size):
    """Make a cell and take one step, to find out whether it is one.

    Raises
    ------
    TypeError
        If it is no subclass of ``torch.nn.Module``.
    ValueError
        If it cannot be made, or does not return a state.
    """
    wanted = (
        "A cell is a subclass of torch.nn.Module that is made by "
        "Cell(input_size, hidden_size), and whose forward(x_t, h) takes tensors of shape "
        "(n_texts, input_size) and (n_texts, hidden_size) and returns the new (n_texts, "
        "hidden_size)."
    )
    name = cell_type.__name__
    if not issubclass(cell_type, nn.Module):
        raise TypeError(f"cell_type={name} is no torch.nn.Module. {wanted}")
    recurrence = UserRecurrence(cell_type, input_size, hidden_size)
    try:
        recurrence.draw(torch.Generator().manual_seed(0))
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
