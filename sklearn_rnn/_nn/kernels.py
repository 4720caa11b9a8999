"""GRU and tanh RNN for the CPU, with forward and backward passes written by hand.

torch has no fused CPU kernels for GRU and tanh RNN: it records a dozen small operations per token,
and runs their backward passes one by one. Here a GRU takes six operations per token in the forward
pass and four in the backward pass; a tanh RNN takes two in the forward pass and three in the
backward pass. Computations that need no loop over the tokens, for example the gradients of the
weights, are done for all tokens at once.

Shapes: T tokens, B texts, D features, H hidden units. In a GRU, G is 3 H, for the reset gate,
the update gate and the candidate. In a tanh RNN, G is H.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import Function
from torch.autograd.function import FunctionCtx
from torch.nn.functional import linear


class GRUFunction(Function):
    """Computes the states of a GRU from an initial state of zero, as ``torch.nn.GRU`` does."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> Tensor:
        """Return the states of shape (T, B, H).

        Parameters
        ----------
        ctx : FunctionCtx
            Stores tensors for `backward`.
        x : Tensor of shape (T, B, D)
            Features.
        weight_ih : Tensor of shape (G, D)
            Input weights of the reset gate, the update gate and the candidate, in this order.
        weight_hh : Tensor of shape (G, H)
            Recurrent weights, in the same order.
        bias_ih, bias_hh : Tensor of shape (G,)
            Input and recurrent biases, in the same order.

        Returns
        -------
        states : Tensor of shape (T, B, H)
        """
        n_tokens, n_texts, _ = x.shape
        size = weight_hh.shape[1]
        sizes = (2 * size, size)  # the reset and update gates together, then the candidate
        weight, candidate_weight = (w.t().contiguous() for w in weight_hh.split(sizes))
        bias, candidate_bias = bias_hh.split(sizes)
        candidate_bias = candidate_bias.expand(n_texts, size).contiguous()
        gates = linear(x, weight_ih, bias_ih)
        gates[..., : 2 * size] += bias
        # The recurrent input of the candidate, before it is multiplied by the reset gate.
        recurrent = gates.new_empty(n_tokens, n_texts, size)
        states = gates.new_zeros(n_tokens + 1, n_texts, size)
        state, *new_states = states.unbind()
        for reset_update, reset, update, candidate, projected, new in zip(
            gates[..., : 2 * size].unbind(),
            *(gate.unbind() for gate in gates.split(size, 2)),
            recurrent.unbind(),
            new_states,
            strict=True,
        ):
            reset_update.addmm_(state, weight).sigmoid_()
            torch.addmm(candidate_bias, state, candidate_weight, out=projected)
            candidate.addcmul_(reset, projected).tanh_()
            state = torch.lerp(candidate, state, update, out=new)
        ctx.save_for_backward(x, weight_ih, weight_hh, gates, recurrent, states)
        return states[1:]

    @staticmethod
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of the inputs of `forward`.

        Parameters
        ----------
        ctx : FunctionCtx
            The context of `forward`.
        grad_states : Tensor of shape (T, B, H)
            Gradient of the loss with respect to the states that `forward` returned.

        Returns
        -------
        gradients : tuple of Tensor
            With respect to x, weight_ih, weight_hh, bias_ih and bias_hh.
        """
        x, weight_ih, weight_hh, gates, recurrent, states = ctx.saved_tensors
        size = weight_hh.shape[1]
        reset, update, candidate = gates.split(size, 2)
        # `grad_gates` first holds the derivatives of each state with respect to the recurrent
        # inputs of its gates. The loop multiplies them by the gradient of the loss with respect to
        # the state.
        grad_gates = torch.empty_like(gates)
        grad_reset, grad_update, grad_candidate = grad_gates.split(size, 2)
        candidate_derivative = (1 - candidate.square()).mul_(1 - update)
        torch.mul(candidate_derivative, reset, out=grad_candidate)
        torch.mul(grad_candidate, recurrent, out=grad_reset).mul_(1 - reset)
        torch.sub(states[:-1], candidate, out=grad_update).mul_(update).mul_(1 - update)
        grad_states = grad_states.clone(memory_format=torch.contiguous_format)
        grad_previous = torch.zeros_like(grad_states[0])  # gradient through the next state
        for grad_state, grad_by_gate, grad_gate, update_gate in zip(
            grad_states.unbind()[::-1],
            grad_gates.unflatten(2, (3, size)).unbind()[::-1],
            grad_gates.unbind()[::-1],
            update.unbind()[::-1],
            strict=True,
        ):
            grad_state.add_(grad_previous)
            grad_by_gate.mul_(grad_state[:, None])
            torch.mul(grad_state, update_gate, out=grad_previous)
            grad_previous.addmm_(grad_gate, weight_hh)
        grad_weight_hh, grad_bias_hh = _projection_gradients(grad_gates, states[:-1])
        # The reset gate multiplies the recurrent input of the candidate, but not the input from x.
        # The gradients of x, weight_ih and bias_ih need the derivative without this factor.
        torch.mul(grad_states, candidate_derivative, out=grad_candidate)
        grad_weight_ih, grad_bias_ih = _projection_gradients(grad_gates, x)
        grad_x = grad_gates @ weight_ih
        return grad_x, grad_weight_ih, grad_weight_hh, grad_bias_ih, grad_bias_hh


class TanhRNNFunction(Function):
    """Computes the states of a tanh RNN from an initial state of zero, as ``torch.nn.RNN`` does."""

    @staticmethod
    def forward(
        ctx: FunctionCtx,
        x: Tensor,
        weight_ih: Tensor,
        weight_hh: Tensor,
        bias_ih: Tensor,
        bias_hh: Tensor,
    ) -> Tensor:
        """Return the states of shape (T, B, H).

        Parameters
        ----------
        ctx : FunctionCtx
            Stores tensors for `backward`.
        x : Tensor of shape (T, B, D)
            Features.
        weight_ih : Tensor of shape (H, D)
            Input weights.
        weight_hh : Tensor of shape (H, H)
            Recurrent weights.
        bias_ih, bias_hh : Tensor of shape (H,)
            Input and recurrent biases.

        Returns
        -------
        states : Tensor of shape (T, B, H)
        """
        states = linear(x, weight_ih, bias_ih + bias_hh)
        weight = weight_hh.t().contiguous()
        state = torch.zeros_like(states[0])
        for new in states.unbind():
            state = new.addmm_(state, weight).tanh_()
        ctx.save_for_backward(x, weight_ih, weight_hh, states)
        return states

    @staticmethod
    def backward(ctx: Any, grad_states: Tensor) -> tuple[Tensor, ...]:
        """Return the gradients of the inputs of `forward`.

        Parameters
        ----------
        ctx : FunctionCtx
            The context of `forward`.
        grad_states : Tensor of shape (T, B, H)
            Gradient of the loss with respect to the states that `forward` returned.

        Returns
        -------
        gradients : tuple of Tensor
            With respect to x, weight_ih, weight_hh, bias_ih and bias_hh.
        """
        x, weight_ih, weight_hh, states = ctx.saved_tensors
        # `grad_sums` first holds the derivatives of tanh. The loop multiplies them by the gradient
        # of the loss with respect to each state.
        grad_sums = 1 - states.square()
        grad_states = grad_states.clone(memory_format=torch.contiguous_format)
        grad_previous = torch.zeros_like(grad_states[0])  # gradient through the next state
        for grad_state, grad_sum in zip(
            grad_states.unbind()[::-1], grad_sums.unbind()[::-1], strict=True
        ):
            grad_sum.mul_(grad_state.add_(grad_previous))
            torch.mm(grad_sum, weight_hh, out=grad_previous)
        grad_weight_ih, grad_bias = _projection_gradients(grad_sums, x)
        grad_weight_hh, _ = _projection_gradients(grad_sums[1:], states[:-1])
        return grad_sums @ weight_ih, grad_weight_ih, grad_weight_hh, grad_bias, grad_bias


def _projection_gradients(grad_outputs: Tensor, inputs: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of the matrix and of the bias of a linear projection.

    `grad_outputs` has the shape (T, B, G); `inputs` has the shape (T, B, D) or (T, B, H).
    """
    grad_outputs = grad_outputs.flatten(0, 1)
    return grad_outputs.t() @ inputs.flatten(0, 1), grad_outputs.sum(0)


class CPUKernelGRU(nn.GRU):
    """``torch.nn.GRU`` of one layer and direction, with a faster backward pass on a CPU."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last states.

        The last states have the shape (B, H), or (1, B, H) where ``torch.nn`` computes them.
        """
        # Without gradients, torch's own forward pass is as fast.
        if x.device.type == "cpu" and torch.is_grad_enabled():
            return _apply(GRUFunction, self, x)
        return super().forward(x)


class CPUKernelRNN(nn.RNN):
    """``torch.nn.RNN`` of one layer and direction, with tanh; both passes are faster on a CPU."""

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:  # type: ignore[override]
        """Return the states, (T, B, H), for features of shape (T, B, D), and the last states.

        The last states have the shape (B, H), or (1, B, H) where ``torch.nn`` computes them.
        """
        if x.device.type == "cpu":
            return _apply(TanhRNNFunction, self, x)
        return super().forward(x)


def _apply(function: type[Function], layer: nn.RNNBase, x: Tensor) -> tuple[Tensor, Tensor]:
    # In mixed precision the weights are float32, but the features are bfloat16.
    states = function.apply(x, *(weight.to(x.dtype) for weight in layer.all_weights[0]))
    return states, states[-1]
