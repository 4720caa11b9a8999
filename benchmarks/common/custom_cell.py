"""Custom recurrent cell: a GRU written from its equations."""

import torch
from torch import nn


class GRUCell(nn.Module):
    """Gated recurrent unit from its equations, as R5's author wrote it."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        super().__init__()
        self.update = nn.Linear(input_size + hidden_size, hidden_size)
        self.reset = nn.Linear(input_size + hidden_size, hidden_size)
        self.candidate = nn.Linear(input_size + hidden_size, hidden_size)

    def forward(self, x_t: torch.Tensor, h: torch.Tensor) -> torch.Tensor:
        """Return the new state."""
        both = torch.cat([x_t, h], 1)
        update = self.update(both).sigmoid()
        reset = self.reset(both).sigmoid()
        candidate = self.candidate(torch.cat([x_t, reset * h], 1)).tanh()
        return (1 - update) * candidate + update * h
