"""Weights of fitted classifiers, and a callback that records gradients, for several tests."""

import numpy as np
import torch
from skorch.callbacks import Callback


def weights_of(classifier):
    return classifier.net_.get_weights()


def same_weights(*classifiers):
    """Return whether two classifiers have the same weights, to the last bit."""
    a, b = map(weights_of, classifiers)
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


class Recorder(Callback):
    """Records the norm of the gradient at each step, and the loss of each batch."""

    def initialize(self):
        self.gradient_norms = []
        self.losses = []
        return self

    def on_grad_computed(self, net, named_parameters, **kwargs):
        norm = torch.nn.utils.get_total_norm([p.grad for _, p in named_parameters])
        self.gradient_norms.append(norm.item())

    def on_batch_end(self, net, loss, **kwargs):
        self.losses.append(loss.item())
