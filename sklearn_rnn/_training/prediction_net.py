"""skorch net that holds the network and predicts with it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from skorch import NeuralNetClassifier

from sklearn_rnn._ids import FIRST_ID, replace_unknown_ids, sequence_lengths
from sklearn_rnn._training.batches import IdsDataset, SequentialBatches
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.prediction import compute_logits
from sklearn_rnn._training.thread_pool import thread_pool

NumpyWeights = dict[str, np.ndarray]


class PredictionNet(NeuralNetClassifier):
    """skorch net whose module is a `RecurrentModule`, which `RecurrentNet` trains.

    skorch's prediction methods take ids and return class indices or probabilities. The optimizer is
    built at its first use.

    Attributes
    ----------
    known_ids_ : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    """

    def initialize_from(self, weights: NumpyWeights) -> Self:
        """Initialise the net with weights that `get_weights` returned, not with random weights."""
        self.given_weights_ = weights
        try:
            return self.initialize()
        finally:
            del self.given_weights_

    def initialize_module(self) -> Self:
        """Build the module; load given weights or, without them, initialise weights from `seed`."""
        super().initialize_module()
        weights = vars(self).get("given_weights_")
        if weights is not None:
            self.module_.load_state_dict({k: torch.tensor(w) for k, w in weights.items()})
            return self
        with thread_pool():
            self.module_.init_weights(torch.Generator().manual_seed(self.seed))
        return self

    def initialize_optimizer(self, triggered_directly: None = None) -> Self:
        """Discard the optimizer. `optimizer_` builds a new optimizer at its next use."""
        self.__dict__["optimizer_"] = None
        if "optimizer" not in self.prefixes_:  # lets skorch accept parameters of the optimizer
            self._register_attribute("optimizer_", None)
        return self

    @property
    def optimizer_(self) -> torch.optim.Optimizer:
        """The optimizer, built at its first use: loading and predicting need no optimizer."""
        if vars(self).get("optimizer_") is None:
            super().initialize_optimizer()
        return vars(self)["optimizer_"]

    @optimizer_.setter
    def optimizer_(self, optimizer: torch.optim.Optimizer) -> None:
        self.__dict__["optimizer_"] = optimizer

    def set_mode(self, *, training: bool) -> None:
        """Put the module into training or evaluation mode."""
        # Setting the mode at each step took longer than the rest of a small training step.
        if self.module_.training != training:
            self._set_training(training)

    def logits(self, ids: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        """Compute the logits of texts, of shape (n, n_classes), by `compute_logits`."""
        self.set_mode(training=False)
        return compute_logits(self.module_, ids, self.known_ids_, device=torch.device(self.device))

    def get_dataset(self, X: Any, y: Any = None) -> IdsDataset:
        """Return the dataset of an array of ids, or a dataset as it is, for methods of skorch."""
        if isinstance(X, IdsDataset):
            return X
        advice = "A clone of net_ knows no ids. Predict with net_ of a fitted RNNTextClassifier."
        self.check_is_fitted(["known_ids_"], msg=advice)
        ids = replace_unknown_ids(np.asarray(X), self.known_ids_)
        labels = np.zeros(len(ids), dtype=np.int64) if y is None else np.asarray(y)
        data = TrainingData(ids, labels, np.ones(len(ids)), sequence_lengths(ids))
        return IdsDataset(data, device=self.device)

    def get_iterator(self, dataset: IdsDataset, training: bool = False) -> SequentialBatches:
        """Return the batches of a dataset, in the order of its texts."""
        return SequentialBatches(dataset)

    def infer(self, x: dict[str, torch.Tensor], **fit_params: Any) -> torch.Tensor:
        """Compute the logits of the inputs of an `IdsDataset`."""
        return self.module_(x["ids"], x["lengths"])

    def get_weights(self) -> NumpyWeights:
        """Return a copy of the module's state as NumPy arrays."""
        state = self.module_.state_dict()
        return {name: tensor.clone().numpy(force=True) for name, tensor in state.items()}

    @torch.no_grad()
    def set_word_vectors(self, matrix: npt.NDArray[np.float32]) -> None:
        """Set rows of the embedding, from `FIRST_ID` on, to the rows of `WordVectors.matrix`."""
        rows = slice(FIRST_ID, FIRST_ID + len(matrix))
        self.module_.embedding.weight[rows] = torch.tensor(matrix)
