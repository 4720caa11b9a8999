"""What becomes of an optimizer: its learning rate over the steps, and parameters that grow."""

import torch


def make_schedule(optimizer, name, *, learning_rate, n_steps, patience):
    """Start the learning rate anew, and return what moves it.

    Parameters
    ----------
    optimizer : torch.optim.AdamW
        Of one group.
    name : {None, "one_cycle", "plateau"}
        How the rate moves.
    learning_rate : float
        The highest one.
    n_steps : int
        In one cycle.
    patience : int
        Evaluations without a lower loss before a plateau halves the rate.

    Returns
    -------
    schedule : torch.optim.lr_scheduler.LRScheduler or None
    """
    (group,) = optimizer.param_groups
    group["lr"] = learning_rate
    group["betas"] = optimizer.defaults["betas"]  # one cycle moves the momentum too
    if name == "one_cycle":
        # The last of these steps has a rate near 0. One more is counted than there are, so that
        # a training of one batch is not that step.
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=learning_rate, total_steps=n_steps + 1
        )
    if name == "plateau":
        return torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=patience)
    return None


def replace_parameter(optimizer, old, new):
    """Let an optimizer go on with a parameter that has grown, and begins with its old rows."""
    for group in optimizer.param_groups:
        group["params"] = [new if p is old else p for p in group["params"]]
    state = optimizer.state.pop(old, {})
    for name, value in state.items():
        if value.shape == old.shape:
            state[name] = torch.zeros_like(new)
            state[name][: len(old)] = value
    if state:
        optimizer.state[new] = state
