"""Small gated recurrent units and tanh units on a CPU, with gradients written by hand.

torch has no kernel of its own for these on a CPU: it records a dozen small operations per word, and
goes back through them one by one. Here a word costs six operations forwards and four backwards for
a GRU, and two and three for a tanh unit; all that does not depend on the state before, the
gradients of the weights included, is computed for all words at once. Texts come last inside, so
that each gate is one piece of memory.

Shapes: T tokens, B texts, D features, H hidden units, G hidden units of all gates.
"""

import torch
from torch import nn
from torch.autograd import Function

# Numbers of a batch's states after a word. A GRU of 8 units took half the time of torch's with 512
# of them, nine tenths with 2,048, and without this limit 1.1 times as long with 4,096
# (benchmarks/speed.py cells).
MOST_NUMBERS = 2048


class GRUStates(Function):
    """The states of a GRU, from the zero state on; equations and weights as in `torch.nn.GRU`."""

    @staticmethod
    def forward(ctx, x, weight_ih, weight_hh, bias_ih, bias_hh):
        """Compute the states, (T, B, H), of features of shape (T, B, D)."""
        size = weight_hh.shape[1]
        gates = _project(x, weight_ih, bias_ih)  # (T, G, B)
        from_state = torch.empty_like(gates)
        states = gates.new_zeros(len(x) + 1, size, x.shape[1])
        bias = bias_hh[:, None].expand_as(gates[0]).contiguous()
        state, *new_states = states.unbind()
        for reset_update, reset, update, candidate, projected, for_gates, for_candidate, new in zip(
            gates[:, : 2 * size].unbind(),
            *(part.unbind() for part in gates.split(size, 1)),
            from_state.unbind(),
            from_state[:, : 2 * size].unbind(),
            from_state[:, 2 * size :].unbind(),
            new_states,
            strict=True,
        ):
            torch.addmm(bias, weight_hh, state, out=projected)
            reset_update.add_(for_gates).sigmoid_()
            candidate.addcmul_(reset, for_candidate).tanh_()
            state = torch.lerp(candidate, state, update, out=new)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, from_state, states)
        return states[1:].transpose(1, 2).contiguous()

    @staticmethod
    def backward(ctx, gradient):
        """Go back through the words, from the gradient of the states, (T, B, H)."""
        x, weight_ih, weight_hh, gates, from_state, states = ctx.saved_tensors
        size = weight_hh.shape[1]
        reset, update, candidate = gates.split(size, 1)
        # The slopes of the projected features and state of each gate by the new state.
        to_candidate = (1 - update) * (1 - candidate * candidate)
        slopes = torch.stack(
            [
                to_candidate * from_state[:, 2 * size :] * reset * (1 - reset),
                (states[:-1] - candidate) * update * (1 - update),
                to_candidate * reset,
            ],
            1,
        )  # (T, 3, H, B)
        of_states = gradient.transpose(1, 2).clone(memory_format=torch.contiguous_format)
        weight = weight_hh.t().contiguous()
        carried = torch.zeros_like(of_states[0])
        for of_state, slope, of_projected, kept in zip(
            of_states.unbind()[::-1],
            slopes.unbind()[::-1],
            slopes.flatten(1, 2).unbind()[::-1],
            update.unbind()[::-1],
            strict=True,
        ):
            of_state.add_(carried)
            slope.mul_(of_state)
            torch.mul(of_state, kept, out=carried)
            carried.addmm_(weight, of_projected)
        of_projected = slopes.flatten(1, 2)
        of_gates = torch.cat([of_projected[:, : 2 * size], of_states * to_candidate], 1)
        return _finish(of_gates, of_projected, x, weight_ih, states)


class TanhStates(Function):
    """The states of a tanh unit, from the zero state on; as in `torch.nn.RNN`."""

    @staticmethod
    def forward(ctx, x, weight_ih, weight_hh, bias_ih, bias_hh):
        """Compute the states, (T, B, H), of features of shape (T, B, D)."""
        projected = _project(x, weight_ih, bias_ih + bias_hh)
        states = torch.cat([torch.zeros_like(projected[:1]), projected])
        state, *new_states = states.unbind()
        for new in new_states:
            state = new.addmm_(weight_hh, state).tanh_()
        ctx.save_for_backward(x, weight_ih, weight_hh, states)
        return states[1:].transpose(1, 2).contiguous()

    @staticmethod
    def backward(ctx, gradient):
        """Go back through the words, from the gradient of the states, (T, B, H)."""
        x, weight_ih, weight_hh, states = ctx.saved_tensors
        slopes = 1 - states[1:] * states[1:]
        weight = weight_hh.t().contiguous()
        of_states = gradient.transpose(1, 2).clone(memory_format=torch.contiguous_format)
        carried = torch.zeros_like(of_states[0])
        for of_state, slope in zip(of_states.unbind()[::-1], slopes.unbind()[::-1], strict=True):
            slope.mul_(of_state.add_(carried))
            torch.mm(weight, slope, out=carried)
        return _finish(slopes, slopes, x, weight_ih, states)


def _project(x, weight, bias):
    """Project features, (T, B, D), to those of all gates, (T, G, B)."""
    return (x @ weight.t() + bias).transpose(1, 2).contiguous()


def _finish(of_gates, of_projected, x, weight_ih, states):
    """Return the gradients of the features, of both matrices and of both biases.

    `of_gates` and `of_projected`, (T, G, B), are those of what the features and what the states
    before, (T + 1, H, B), were projected to.
    """
    words_of_gates, words_of_projected, words_of_states = (
        part.transpose(1, 2).flatten(0, 1) for part in (of_gates, of_projected, states[:-1])
    )
    return (
        (words_of_gates @ weight_ih).view_as(x),
        words_of_gates.t() @ x.flatten(0, 1),
        words_of_projected.t() @ words_of_states,
        words_of_gates.sum(0),
        words_of_projected.sum(0),
    )


class FastGRU(nn.GRU):
    """`torch.nn.GRU` of one layer and direction; a small one learns faster on a CPU."""

    def forward(self, x):
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last ones."""
        return _run(GRUStates, self, x) if _is_slow(self, x) else super().forward(x)


class FastRNN(nn.RNN):
    """`torch.nn.RNN` of one layer and direction, with tanh; a small one learns faster on a CPU."""

    def forward(self, x):
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last ones."""
        return _run(TanhStates, self, x) if _is_slow(self, x) else super().forward(x)


def _is_slow(cell, x):
    """Tell whether torch would take longer to record and go back through small operations."""
    is_small = x.shape[1] * cell.hidden_size <= MOST_NUMBERS
    return is_small and x.device.type == "cpu" and torch.is_grad_enabled()


def _run(function, cell, x):
    # In mixed precision the weights are float32, and the features are not.
    states = function.apply(x, *(weight.to(x.dtype) for weight in cell._flat_weights))
    return states, states[-1]
