"""Custom cells, in a module so that they can be pickled."""

import torch
from torch import nn


class EquationGRU(nn.Module):
    """A gated recurrent unit, written from the equations of Cho et al. 2014, as torch has them."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.input = nn.Linear(input_size, 3 * hidden_size)
        self.state = nn.Linear(hidden_size, 3 * hidden_size)

    def forward(self, x_t, h):
        """Return the new state of shape (B, H)."""
        of_input = self.input(x_t).chunk(3, -1)
        of_state = self.state(h).chunk(3, -1)
        reset = torch.sigmoid(of_input[0] + of_state[0])
        update = torch.sigmoid(of_input[1] + of_state[1])
        proposal = torch.tanh(of_input[2] + reset * of_state[2])
        return (1 - update) * proposal + update * h


class Sum(nn.Module):
    """Adds its weighted input to the state; the weight is drawn from torch's global stream."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(input_size, hidden_size))

    def forward(self, x_t, h):
        """Return the new state of shape (B, H)."""
        return torch.tanh(h + x_t @ self.weight)
