"""skorch net that holds the network and predicts with it."""

from __future__ import annotations

from numbers import Number
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import torch
from skorch import NeuralNetClassifier
from skorch.dataset import Dataset
from skorch.utils import data_from_dataset, is_dataset

from sklearn_rnn._ids import FIRST_ID, replace_unknown_ids, sequence_lengths
from sklearn_rnn._training.batches import Batch, IdsDataset, SequentialBatches, characters_of
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.optimizer import replace_parameter
from sklearn_rnn._training.prediction import compute_logits
from sklearn_rnn._training.thread_pool import thread_pool

NumpyWeights = dict[str, np.ndarray]


class SkorchDataset(IdsDataset, Dataset):
    """Dataset from which skorch's callbacks can read the ids, `X`, and the class indices, `y`.

    The parameters are those of `IdsDataset`.
    """

    @property
    def X(self) -> npt.NDArray[np.int32]:  # noqa: N802 - skorch's name
        """The ids."""
        return np.asarray(as_numpy(self.ids), dtype=np.int32)

    @property
    def y(self) -> npt.NDArray[np.int64]:
        """The class indices."""
        return self.columns["labels"].numpy(force=True)


class InputsDataset(IdsDataset):
    """Dataset of the inputs of a batch, in which characters are split from words already.

    Parameters
    ----------
    inputs : dict of Tensor
        The inputs of a batch of an `IdsDataset`.
    labels : Tensor of int64 of shape (n,)
        Class indices.
    """

    def __init__(self, inputs: dict[str, torch.Tensor], labels: torch.Tensor) -> None:
        self.ids = inputs["ids"]
        self.columns = inputs | {"labels": labels}
        self.lengths = inputs["lengths"].numpy(force=True)
        self.n_columns = np.full(len(self.lengths), inputs["character_keys"].shape[1])

    def take(self, rows: slice | torch.Tensor, width: int, n_columns: int) -> Batch:
        """Return the inputs and labels of the given rows, with all their padding."""
        batch = {name: column[rows] for name, column in self.columns.items()}
        return batch, batch.pop("labels")


class PredictionNet(NeuralNetClassifier):
    """skorch net whose module is a `RecurrentModule`, which `RecurrentNet` trains.

    skorch's prediction methods take ids and return class indices or probabilities. The optimizer is
    built at its first use.

    Attributes
    ----------
    known_ids_ : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it. Only after a fit.
    """

    def initialize(self) -> Self:
        """Initialise the net, if its classifier has not trained it."""
        self._refuse_to_initialize()
        return super().initialize()

    def initialize_from(self, weights: NumpyWeights) -> Self:
        """Initialise the net with weights that `get_weights` returned, for predictions.

        The weights are not initialised at random first, and the module is in evaluation mode.
        """
        self.given_weights_ = weights
        try:
            self.initialize()
        finally:
            del self.given_weights_
        self.set_mode(training=False)
        return self

    def initialize_module(self) -> Self:
        """Build the module; load given weights or, without them, initialise weights from `seed`."""
        self._refuse_to_initialize()
        super().initialize_module()
        # The first predictions may come from several threads, which would all change the mode.
        self.module_.eval()
        weights = vars(self).get("given_weights_")
        if weights is not None:
            self.module_.load_state_dict({k: torch.tensor(w) for k, w in weights.items()})
            return self
        with thread_pool():
            self.module_.init_weights(torch.Generator().manual_seed(self.seed))
        return self

    def _refuse_to_initialize(self) -> None:
        if hasattr(self, "known_ids_"):
            raise RuntimeError(
                "net_ would lose its trained weights, and its classifier predict at random. Call "
                "fit of the RNNTextClassifier to train anew. sklearn.base.clone(net_).initialize() "
                "has initial weights."
            )

    def initialize_criterion(self) -> Self:
        """Build the criterion, with the smoothing of the labels."""
        super().initialize_criterion()
        self.criterion_.label_smoothing = self.label_smoothing
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

    def trim_for_prediction(self) -> None:
        """Remove what only trainings need. The classifier still predicts; its training fails."""
        self.check_is_fitted()
        # skorch empties the list of callbacks, which is a parameter of the classifier, and removes
        # the criterion, from which it infers the softmax.
        self.callbacks: list[Any] = list(self.callbacks or [])
        self.predict_nonlinearity = self._get_predict_nonlinearity()
        super().trim_for_prediction()

    @property
    def reads_characters(self) -> bool:
        """Whether the network reads the characters of words."""
        return self.module_.reads_characters

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
        """Return the dataset of ids, or a dataset as it is, for methods of skorch.

        Parameters
        ----------
        X : array-like or Tensor of int of shape (n, T), dict of Tensor, or Dataset
            Right-padded ids, the inputs of a batch, or a dataset from which skorch can read X and
            y.
        y : array-like of int of shape (n,), default=None
            Class indices.

        Returns
        -------
        dataset : IdsDataset
        """
        if isinstance(X, IdsDataset):
            return X
        if is_dataset(X):
            X, y = data_from_dataset(X)
        advice = "A clone of net_ knows no ids. Predict with net_ of a fitted RNNTextClassifier."
        self.check_is_fitted(["known_ids_"], msg=advice)
        ids = X["ids"] if isinstance(X, dict) else X
        ids = np.asarray(as_numpy(ids))
        labels = np.zeros(len(ids), dtype=np.int64) if y is None else np.asarray(as_numpy(y))
        if isinstance(X, dict) and characters_of(X) is not None:
            return InputsDataset(X, torch.from_numpy(labels))
        ids = replace_unknown_ids(ids, self.known_ids_, keep_characters=self.reads_characters)
        data = TrainingData(ids, labels, np.ones(len(ids)), sequence_lengths(ids))
        return IdsDataset(data, reads_characters=self.reads_characters, device=self.device)

    def get_iterator(self, dataset: IdsDataset, training: bool = False) -> SequentialBatches:
        """Return the batches of a dataset, in the order of its texts, whatever `training` is."""
        return SequentialBatches(dataset)

    def infer(self, x: Any, **fit_params: Any) -> torch.Tensor:
        """Compute the logits of the inputs of an `IdsDataset`, or of a tensor or array of ids."""
        if isinstance(x, dict):
            return self.module_.forward_words(
                x["ids"], x["lengths"], characters_of(x), **fit_params
            )
        logits: torch.Tensor = super().infer(x, **fit_params)
        return logits

    def get_history(self) -> list[dict[str, Any]]:
        """Return the rows of the history, without batches, with numbers and strings alone."""
        return [
            {name: value for name, value in row.items() if isinstance(value, (Number, str))}
            | {"batches": []}
            for row in self.history
        ]

    def get_weights(self) -> NumpyWeights:
        """Return a copy of the module's state as NumPy arrays."""
        state = self.module_.state_dict()
        return {name: tensor.clone().numpy(force=True) for name, tensor in state.items()}

    def grow_embedding(self, n_tokens: int, *, seed: int) -> None:
        """Grow the embedding to `n_tokens` rows; keep the optimizer's moments of the old rows."""
        self.check_training_readiness()
        old = self.module_.embedding.weight
        # The embedding may have more rows: an earlier training may have added rows and then failed.
        if n_tokens <= len(old):
            return
        optimizer = self.optimizer_
        new = self.module_.grow_embedding(n_tokens, torch.Generator().manual_seed(seed))
        replace_parameter(optimizer, old, new)

    @torch.no_grad()
    def set_word_vectors(self, matrix: npt.NDArray[np.float32]) -> None:
        """Set rows of the embedding, from `FIRST_ID` on, to the rows of `WordVectors.matrix`."""
        rows = slice(FIRST_ID, FIRST_ID + len(matrix))
        self.module_.embedding.weight[rows] = torch.tensor(matrix)


def as_numpy(array: Any) -> Any:
    """Return a tensor as an ndarray, and other objects as they are."""
    return array.numpy(force=True) if isinstance(array, torch.Tensor) else array


class NetState:
    """State of a net before a training, which is restored if the training fails.

    Parameters
    ----------
    net : PredictionNet
        The net, which is initialised.
    """

    def __init__(self, net: PredictionNet) -> None:
        module = net.module_
        self.attributes = vars(net).copy()
        self.history = list(net.history)
        self.weights = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        self.are_trained = [parameter.requires_grad for parameter in module.parameters()]

    def restore(self, net: PredictionNet) -> None:
        """Restore the state, but for the optimizer, which is built anew."""
        net.__dict__.clear()
        net.__dict__.update(self.attributes)
        net.history[:] = self.history
        net.module_.load_state_dict(self.weights)
        for parameter, is_trained in zip(net.module_.parameters(), self.are_trained, strict=True):
            parameter.requires_grad_(is_trained)
        net.criterion_.label_smoothing = net.label_smoothing
        net.set_mode(training=False)
        net.initialize_optimizer()  # its moments may come from the failed training
