"""skorch net that trains the module, and the checks of callbacks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NoReturn, Self

import numpy as np
import numpy.typing as npt
import torch
from skorch.callbacks import Callback, EpochTimer, PrintLog

from sklearn_rnn._linear.cross_fit import learn_linear_term
from sklearn_rnn._nn.architecture import Architecture
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.batches import Batch, IdsDataset
from sklearn_rnn._training.calibration import refit_output_bias
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.loop import TrainingLoop, TrainingResult, restore_trained
from sklearn_rnn._training.microbatches import MicroBatches, Step
from sklearn_rnn._training.optimizer import ScheduleName, replace_parameter, reset_rate
from sklearn_rnn._training.prediction_net import NumpyWeights, PredictionNet
from sklearn_rnn._training.stopping import Weights
from sklearn_rnn._training.thread_pool import ThreadPool, methods_on_one_core, thread_pool


def build_net(
    architecture: Architecture,
    *,
    seed: int,
    device: torch.device,
    weights: NumpyWeights | None = None,
    **parameters: Any,
) -> RecurrentNet:
    """Build and initialise a net.

    Parameters
    ----------
    architecture : Architecture
        The architecture of the module.
    seed : int
        Seed of the initial weights, which are the same on any device.
    device : torch.device
        The device of the module and of the batches.
    weights : dict of str to ndarray, default=None
        Weights to load, as `RecurrentNet.get_weights` returns them. None: initial weights.
    **parameters
        Parameters of `RecurrentNet`.

    Returns
    -------
    net : RecurrentNet
    """
    net = RecurrentNet(
        RecurrentModule,
        module__architecture=architecture,
        seed=seed,
        criterion=torch.nn.CrossEntropyLoss,
        criterion__reduction="none",
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        classes=np.arange(architecture.n_classes),
        device=str(device),  # safetensors accepts no torch.device
        **parameters,
    )
    return net.initialize() if weights is None else net.initialize_from(weights)


def check_callbacks(callbacks: Sequence[Any] | None) -> None:
    """Raise a ValueError if an item of `callbacks` is not a skorch callback.

    An item is a callback, a callback class, or a pair of a name and a callback or callback class.
    """
    for item in callbacks or []:
        callback = item[1] if isinstance(item, tuple) and len(item) == 2 else item
        callback_type = callback if isinstance(callback, type) else type(callback)
        if not issubclass(callback_type, Callback):
            raise ValueError(
                f"callbacks holds {item!r}, which is not a skorch callback. Give a list of "
                "skorch.callbacks.Callback instances, or of pairs (name, callback)."
            )


@methods_on_one_core
class RecurrentNet(PredictionNet):
    """skorch net whose training loop has no host-device synchronisation per batch.

    `RNNTextClassifier` calls `train`. skorch's prediction methods take ids and return class indices
    or probabilities. `save_params`, `load_params` and :func:`~sklearn.base.clone` work as for other
    skorch nets. `fit`, `partial_fit` and `fit_loop` raise an error.

    Parameters
    ----------
    module : type
        `RecurrentModule`.
    seed : int
        Seed of the initial weights.
    gradient_clip, lr_schedule, early_stopping, scoring, n_iter_no_change, tol
        As in `RNNTextClassifier`.
    evaluations_per_epoch, record_gradients, label_smoothing
        As in `RNNTextClassifier`.
    train_split : None, default=None
        Parameter of skorch, which is not used: `train` takes the validation data.
    **kwargs
        Parameters of `skorch.NeuralNetClassifier`.

    Attributes
    ----------
    known_ids_ : ndarray of int32 of shape (n_tokens + 1,)
        Table of the ids known at fit, as `known_ids_table` returns it.
    loop_ : TrainingLoop or None
        The training loop while `train` is running, else None.
    """

    def __init__(
        self,
        module: type[RecurrentModule],
        *,
        seed: int,
        gradient_clip: float | None,
        lr_schedule: ScheduleName | None,
        early_stopping: bool,
        scoring: Literal["accuracy", "loss"],
        n_iter_no_change: int,
        tol: float,
        evaluations_per_epoch: int,
        record_gradients: bool,
        label_smoothing: float,
        train_split: None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(module, train_split=train_split, **kwargs)
        self.seed = seed
        self.gradient_clip = gradient_clip
        self.lr_schedule = lr_schedule
        self.early_stopping = early_stopping
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.evaluations_per_epoch = evaluations_per_epoch
        self.record_gradients = record_gradients
        self.label_smoothing = label_smoothing

    @property
    def _default_callbacks(self) -> list[tuple[str, Callback]]:
        print_log = (
            [("print_log", PrintLog(keys_ignored="epochs_completed"))] if self.verbose else []
        )
        return [("epoch_timer", EpochTimer()), *print_log]

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters of the net. New callbacks replace the old callbacks at once."""
        if "callbacks" in parameters:
            # skorch would initialise the old callbacks before it replaces them.
            self.callbacks = parameters["callbacks"]
        return super().set_params(**parameters)

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, **fit_params: Any
    ) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def _refuse_training(self) -> NoReturn:
        raise RuntimeError(
            "net_ is trained by its RNNTextClassifier, which encodes labels, sets the learning "
            "rate and fits the linear term. Call the classifier's fit to train anew; call its "
            "partial_fit, or its fit with warm_start=True, to continue training."
        )

    def train(
        self,
        training: TrainingData,
        validation: TrainingData | None,
        *,
        known_ids: npt.NDArray[np.int32],
        accumulate: bool,
        seed: Sequence[int],
        dtype: torch.dtype,
    ) -> TrainingResult:
        """Train for at most `max_epochs`.

        The linear term, if there is one, is fitted first. If there are out-of-fold predictions and
        no validation data, the biases of the output layer are refitted last, without dropout.

        With validation data, or if training diverges, the best weights are kept, as `EarlyStopping`
        defines them. If training diverges and there are no best weights, the net has the same
        weights as before the call. If an exception is raised, the net has the same weights and
        history as before the call.

        Parameters
        ----------
        training, validation : TrainingData
            All ids must be known ids. `validation` may be None.
        known_ids : ndarray of int32 of shape (n_tokens + 1,)
            Table of the ids known at fit, as `known_ids_table` returns it.
        accumulate : bool
            As in `learn_linear_term`.
        seed : sequence of int
            Seed of the folds, the batches, the dropout and the sample for the output biases.
        dtype : torch.dtype
            Type in which recurrent layers and pooling compute in training.

        Returns
        -------
        result : TrainingResult
        """
        rng = np.random.default_rng(seed)
        n_rows_before = len(self.history)
        weights_before = {name: t.clone() for name, t in self.module_.state_dict().items()}
        with thread_pool() as pool:
            try:
                loop = self._train(training, validation, accumulate, rng, dtype, pool)
            except BaseException:  # for example an error in a callback
                del self.history[n_rows_before:]
                self._load_weights(weights_before)
                raise
            finally:
                self.loop_: TrainingLoop | None = None
        best_weights = loop.early_stopping.best_weights
        if loop.diverged:
            self.initialize_optimizer()  # its moments may be infinite or NaN
        if loop.diverged and best_weights is None:
            self._load_weights(weights_before)
            return loop.result()
        if best_weights is not None and (loop.diverged or validation is not None):
            restore_trained(self.module_, best_weights)
        self.known_ids_ = known_ids
        return loop.result()

    def _train(
        self,
        training: TrainingData,
        validation: TrainingData | None,
        accumulate: bool,
        rng: np.random.Generator,
        dtype: torch.dtype,
        pool: ThreadPool,
    ) -> TrainingLoop:
        cross_fit = None
        if self.module_.linear_term is not None:
            cross_fit = learn_linear_term(
                self.module_.linear_term,
                training.ids,
                training.labels,
                training.weights,
                accumulate=accumulate,
                label_smoothing=self.label_smoothing,
                rng=rng,
                parallel_map=pool.map,
            )
        # Not by set_params(criterion__label_smoothing=...): skorch would then build a new optimizer
        # and lose the moments of the old one.
        self.criterion_.label_smoothing = self.label_smoothing
        microbatches = MicroBatches(
            self.module_,
            self.criterion_,
            pool,
            cross_fit=cross_fit,
            seed=int(rng.integers(2**62)),
            dtype=dtype,
        )
        dataset = IdsDataset(training, cross_fit=cross_fit, device=self.device)
        valid_dataset = None if validation is None else IdsDataset(validation, device=self.device)
        reset_rate(self.optimizer_, self.lr)
        make_loop = partial(TrainingLoop, self, dataset, valid_dataset, microbatches, rng)
        super().partial_fit(dataset, make_loop=make_loop)
        loop = self._training_loop()
        is_out_of_fold = cross_fit is not None and cross_fit.has_folds
        if is_out_of_fold and validation is None and not loop.diverged:
            self.set_mode(training=False)
            refit_output_bias(
                self.module_, dataset, microbatches, label_smoothing=self.label_smoothing, rng=rng
            )
        return loop

    def fit_loop(self, X: Any, y: Any = None, epochs: Any = None, **fit_params: Any) -> Self:
        """Build and run the training loop. Only `train` may call this method."""
        if "make_loop" not in fit_params:
            self._refuse_training()
        # Built after on_train_begin, because a callback may set parameters of the net there.
        self.loop_ = fit_params["make_loop"]()
        self._training_loop().run()
        return self

    def train_step(self, batch: Batch, **fit_params: Any) -> Step:
        """Compute gradients and take an optimizer step. Works only while `train` is running."""
        return self._training_loop().train_step(batch)

    def validation_step(self, batch: Batch, **fit_params: Any) -> Step:
        """Evaluate a batch, without dropout. Works only while `train` is running."""
        return self._training_loop().validation_step(batch)

    def _training_loop(self) -> TrainingLoop:
        """Return the loop while `train` is running; otherwise raise the error of `fit`."""
        loop: TrainingLoop | None = getattr(self, "loop_", None)
        if loop is None:
            self._refuse_training()
        return loop

    def _load_weights(self, weights: Weights) -> None:
        self.module_.load_state_dict(weights)
        self.initialize_optimizer()  # its moments may come from a failed training

    def grow_embedding(self, n_tokens: int, *, seed: int) -> None:
        """Grow the embedding to `n_tokens` rows; keep the optimizer's moments of the old rows."""
        old = self.module_.embedding.weight
        # The embedding may have more rows: an earlier training may have added rows and then failed.
        if n_tokens <= len(old):
            return
        optimizer = self.optimizer_
        new = self.module_.grow_embedding(n_tokens, torch.Generator().manual_seed(seed))
        replace_parameter(optimizer, old, new)
