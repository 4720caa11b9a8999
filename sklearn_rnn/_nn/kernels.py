"""Gated recurrent units and tanh units on a CPU, with gradients written by hand.

torch has no kernel of its own for these on a CPU: it records a dozen small operations per word, and
goes back through them one by one. Here a word costs six operations forwards and four backwards for
a GRU, and two and three for a tanh unit; all that does not depend on the state before, the
gradients of the weights included, is computed for all words at once.

Shapes: T tokens, B texts, D features, H hidden units, G hidden units of all gates.
"""

import torch
from torch import nn
from torch.autograd import Function
from torch.nn.functional import linear


class GRUStates(Function):
    """The states of a GRU, from the zero state on; equations and weights as in `torch.nn.GRU`."""

    @staticmethod
    def forward(ctx, x, weight_ih, weight_hh, bias_ih, bias_hh):
        """Compute the states, (T, B, H), of features of shape (T, B, D)."""
        n_words, n_texts, _ = x.shape
        size = weight_hh.shape[1]
        sizes = (2 * size, size)  # of the reset and update gates, and of the candidate
        weight, candidate_weight = (part.t().contiguous() for part in weight_hh.split(sizes))
        bias, candidate_bias = bias_hh.split(sizes)
        candidate_bias = candidate_bias.expand(n_texts, size).contiguous()
        gates = linear(x, weight_ih, bias_ih)
        gates[..., : 2 * size] += bias
        from_state = gates.new_empty(n_words, n_texts, size)  # to the candidate
        states = gates.new_zeros(n_words + 1, n_texts, size)
        state, *new_states = states.unbind()
        for reset_update, reset, update, candidate, projected, new in zip(
            gates[..., : 2 * size].unbind(),
            *(part.unbind() for part in gates.split(size, 2)),
            from_state.unbind(),
            new_states,
            strict=True,
        ):
            reset_update.addmm_(state, weight).sigmoid_()
            torch.addmm(candidate_bias, state, candidate_weight, out=projected)
            candidate.addcmul_(reset, projected).tanh_()
            state = torch.lerp(candidate, state, update, out=new)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, from_state, states)
        return states[1:]

    @staticmethod
    def backward(ctx, gradient):
        """Go back through the words, from the gradient of the states, (T, B, H)."""
        x, weight_ih, weight_hh, gates, from_state, states = ctx.saved_tensors
        size = weight_hh.shape[1]
        reset, update, candidate = gates.split(size, 2)
        # The slopes of what the state is projected to, for each gate, by the new state.
        slopes = torch.empty_like(gates)
        of_reset, of_update, of_candidate = slopes.split(size, 2)
        to_candidate = (1 - candidate.square()).mul_(1 - update)
        torch.mul(to_candidate, reset, out=of_candidate)
        torch.mul(of_candidate, from_state, out=of_reset).mul_(1 - reset)
        torch.sub(states[:-1], candidate, out=of_update).mul_(update).mul_(1 - update)
        of_states = gradient.clone(memory_format=torch.contiguous_format)
        carried = torch.zeros_like(of_states[0])
        for of_state, of_gates, of_projected, kept in zip(
            of_states.unbind()[::-1],
            slopes.unflatten(2, (3, size)).unbind()[::-1],
            slopes.unbind()[::-1],
            update.unbind()[::-1],
            strict=True,
        ):
            of_state.add_(carried)
            of_gates.mul_(of_state[:, None])
            torch.mul(of_state, kept, out=carried)
            carried.addmm_(of_projected, weight_hh)
        of_weight_hh, of_bias_hh = _of_projection(slopes, states[:-1])
        # The reset gate lets in what the state is projected to, and all of the features.
        torch.mul(of_states, to_candidate, out=of_candidate)
        of_weight_ih, of_bias_ih = _of_projection(slopes, x)
        return slopes @ weight_ih, of_weight_ih, of_weight_hh, of_bias_ih, of_bias_hh


class TanhStates(Function):
    """The states of a tanh unit, from the zero state on; as in `torch.nn.RNN`."""

    @staticmethod
    def forward(ctx, x, weight_ih, weight_hh, bias_ih, bias_hh):
        """Compute the states, (T, B, H), of features of shape (T, B, D)."""
        states = linear(x, weight_ih, bias_ih + bias_hh)
        weight = weight_hh.t().contiguous()
        state = torch.zeros_like(states[0])
        for new in states.unbind():
            state = new.addmm_(state, weight).tanh_()
        ctx.save_for_backward(x, weight_ih, weight_hh, states)
        return states

    @staticmethod
    def backward(ctx, gradient):
        """Go back through the words, from the gradient of the states, (T, B, H)."""
        x, weight_ih, weight_hh, states = ctx.saved_tensors
        slopes = 1 - states.square()
        of_states = gradient.clone(memory_format=torch.contiguous_format)
        carried = torch.zeros_like(of_states[0])
        for of_state, slope in zip(of_states.unbind()[::-1], slopes.unbind()[::-1], strict=True):
            slope.mul_(of_state.add_(carried))
            torch.mm(slope, weight_hh, out=carried)
        of_weight_ih, of_bias = _of_projection(slopes, x)
        of_weight_hh, _ = _of_projection(slopes[1:], states[:-1])
        return slopes @ weight_ih, of_weight_ih, of_weight_hh, of_bias, of_bias


def _of_projection(of_outputs, inputs):
    """Return the gradients of a projection's matrix and bias, from those of its outputs."""
    of_outputs = of_outputs.flatten(0, 1)
    return of_outputs.t() @ inputs.flatten(0, 1), of_outputs.sum(0)


class FastGRU(nn.GRU):
    """`torch.nn.GRU` of one layer and direction, which learns faster on a CPU."""

    def forward(self, x):
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last ones."""
        if x.device.type == "cpu" and torch.is_grad_enabled():  # without, torch is as fast
            return _run(GRUStates, self, x)
        return super().forward(x)


class FastRNN(nn.RNN):
    """`torch.nn.RNN` of one layer and direction, with tanh, which is faster on a CPU."""

    def forward(self, x):
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last ones."""
        return _run(TanhStates, self, x) if x.device.type == "cpu" else super().forward(x)


def _run(function, cell, x):
    # In mixed precision the weights are float32, and the features are not.
    states = function.apply(x, *(weight.to(x.dtype) for weight in cell._flat_weights))
    return states, states[-1]
