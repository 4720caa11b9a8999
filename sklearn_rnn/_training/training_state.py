"""State of a training after an epoch, from which the training goes on with the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from sklearn_rnn._training.checkpoint_files import Tree
from sklearn_rnn._training.history import GradientFlow
from sklearn_rnn._training.loop import TrainingLoop, copy_trained, restore_trained
from sklearn_rnn._training.stopping import EarlyStopping, Weights


def take_state(loop: TrainingLoop) -> Tree:
    """Return the state of a training loop after an epoch, as a tree that `write_tree` writes.

    It lacks the linear term, which the loop does not change; the states of callbacks; and torch's
    global random stream, from which the dropout of a custom cell draws.
    """
    module, flow = loop.net.module_, loop.gradient_flow
    optimizer = loop.net.optimizer_.state_dict()
    weights = copy_trained(module)
    return {
        "evaluations": loop.evaluations,
        "norms": loop.norms,
        "weights": weights,
        "are_trained": [parameter.requires_grad for parameter in module.parameters()],
        "moments": optimizer["state"],
        "groups": optimizer["param_groups"],
        "schedule": loop.schedule.state_dict(),
        "early_stopping": _take_early_stopping(loop.early_stopping, weights),
        "gradient_flow": None if flow is None else _take_gradient_flow(flow),
        "rng": loop.rng.bit_generator.state,
        "generators": [generator.get_state() for generator in loop.microbatches.generators],
    }


def restore_state(loop: TrainingLoop, state: Tree) -> None:
    """Set a training loop that has not begun to a state that `take_state` has returned.

    The evaluations are the last rows of the history already, because callbacks read them before.
    """
    net, module = loop.net, loop.net.module_
    loop.evaluations = list(net.history)[-len(state["evaluations"]) :]
    loop.norms = state["norms"]
    restore_trained(module, _to_tensors(state["weights"]))
    for parameter, is_trained in zip(module.parameters(), state["are_trained"], strict=True):
        parameter.requires_grad_(is_trained)
    net.optimizer_.load_state_dict(
        {
            "state": {int(i): _to_tensors(moments) for i, moments in state["moments"].items()},
            "param_groups": [group | {"betas": tuple(group["betas"])} for group in state["groups"]],
        }
    )
    loop.schedule.load_state_dict(state["schedule"])
    _restore_early_stopping(loop.early_stopping, state["early_stopping"], copy_trained(module))
    if loop.gradient_flow is not None:
        _restore_gradient_flow(loop.gradient_flow, state["gradient_flow"], net.device)
    loop.rng.bit_generator.state = state["rng"]
    # Another number of ranks of a process group may have more generators than it uses.
    for generator, saved in zip(loop.microbatches.generators, state["generators"], strict=False):
        generator.set_state(torch.from_numpy(saved))


def _to_tensors(arrays: Mapping[str, np.ndarray]) -> Weights:
    return {name: torch.tensor(array) for name, array in arrays.items()}


def _take_early_stopping(best: EarlyStopping, weights: Weights) -> Tree:
    """Return the state; "best_weights" are True if they are `weights`, the current ones."""
    best_weights: Weights | bool | None = best.best_weights
    if best.best_weights is not None and all(
        torch.equal(best.best_weights[name], weight) for name, weight in weights.items()
    ):
        best_weights = True
    return {
        "n_evaluations": best.n_evaluations,
        "best_evaluation": best.best_evaluation,
        "best_score": best.best_score,
        "n_without_improvement": best.n_without_improvement,
        "best_weights": best_weights,
    }


def _restore_early_stopping(best: EarlyStopping, state: Tree, weights: Weights) -> None:
    best.n_evaluations = state["n_evaluations"]
    best.best_evaluation = state["best_evaluation"]
    best.best_score = tuple(state["best_score"])
    best.n_without_improvement = state["n_without_improvement"]
    saved = state["best_weights"]
    if saved is True:
        best.best_weights = weights
    elif saved is not None:
        best.best_weights = {
            name: tensor.to(weights[name].device) for name, tensor in _to_tensors(saved).items()
        }


def _take_gradient_flow(flow: GradientFlow) -> Tree:
    """Return the state. The layers, mostly the same at each step, are numbered."""
    distinct = list(dict.fromkeys(map(tuple, flow.layers)))
    numbers = {layers: number for number, layers in enumerate(distinct)}
    return {
        "distinct_layers": distinct,
        "layers": np.array([numbers[tuple(layers)] for layers in flow.layers]),
        "steps": torch.cat(flow.steps),
    }


def _restore_gradient_flow(flow: GradientFlow, state: Tree, device: Any) -> None:
    flow.layers = [state["distinct_layers"][number] for number in state["layers"].tolist()]
    steps = torch.tensor(state["steps"], device=device)
    flow.steps = list(steps.split([len(layers) for layers in flow.layers]))
