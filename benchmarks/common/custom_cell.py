"""A recurrent cell as a user writes it."""

import torch
from torch import nn


class GRUCell(nn.Module):
    """R5's own cell: a gated recurrent unit, from the equations."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.update = nn.Linear(input_size + hidden_size, hidden_size)
        self.reset = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x_t, h):
        """Return the new state."""
        both = torch.cat([x_t, h], 1)
        update = self.update(both).sigmoid()
        reset = self.reset(both).sigmoid()
        candidate = self.candidate(torch.cat([x_t, reset * h], 1)).tanh()
        return (1 - update) * candidate + update * h
