"""What becomes of an optimizer: its learning rates over the steps, and parameters that grow."""

import torch

# How many times as fast as the network the linear term learns.
LINEAR_RATE = 15


def make_schedule(optimizer, name, *, learning_rate, n_steps, patience):
    """Start the learning rates anew, and return what moves them.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        Of one group, or of the linear term's and the network's.
    name : {None, "one_cycle", "plateau"}
        How the rates move.
    learning_rate : float
        Of the network.
    n_steps : int
        In one cycle.
    patience : int
        Evaluations without a lower loss before a plateau halves the rates.

    Returns
    -------
    schedule : torch.optim.lr_scheduler.LRScheduler or None
    """
    *linear_term, network = optimizer.param_groups
    for group in linear_term:
        group["lr"] = LINEAR_RATE * learning_rate
    network["lr"] = learning_rate
    for group in optimizer.param_groups:  # one cycle moves the momentum too
        group["betas"] = optimizer.defaults["betas"]
    if name == "one_cycle":
        # The last of these steps has a rate near 0. One more is counted than there are, so that
        # a training of one batch is not that step.
        rates = [group["lr"] for group in optimizer.param_groups]
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rates, total_steps=n_steps + 1)
    if name == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)
    return None


def replace_parameter(optimizer, old, new, rows):
    """Let an optimizer go on with a parameter that has grown, whose old rows are `rows` now."""
    for group in optimizer.param_groups:
        group["params"] = [new if p is old else p for p in group["params"]]
    state = optimizer.state.pop(old, {})
    for name, value in state.items():
        if value.shape == old.shape:
            state[name] = torch.zeros_like(new)
            state[name][rows] = value
    if state:
        optimizer.state[new] = state
