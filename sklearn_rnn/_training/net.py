"""skorch net that trains the module."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Literal, NoReturn, Self

import numpy as np
import numpy.typing as npt
import torch
from skorch.callbacks import Callback, EpochTimer, PrintLog

from sklearn_rnn._linear.cross_fit import CrossFit, learn_linear_term
from sklearn_rnn._linear.heap import trim_heaps
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.batches import Batch
from sklearn_rnn._training.callbacks import has_batch_hook, loads_best_weights, scheduled_rate
from sklearn_rnn._training.checkpoint import Checkpoint
from sklearn_rnn._training.data import TrainingData
from sklearn_rnn._training.loop import TrainingLoop, TrainingResult
from sklearn_rnn._training.microbatches import MicroBatches, Step
from sklearn_rnn._training.net_parameters import Stage, check_settable
from sklearn_rnn._training.optimizer import ScheduleName, reset_rate
from sklearn_rnn._training.prediction_net import (
    NetState,
    PredictionNet,
    SkorchDataset,
)
from sklearn_rnn._training.process_group import shared_map
from sklearn_rnn._training.thread_pool import ThreadPool, methods_on_one_core, thread_pool


@methods_on_one_core
class RecurrentNet(PredictionNet):
    """skorch net whose training loop has no host-device synchronisation per batch.

    `RNNTextClassifier` calls `train`. Methods of skorch that train or initialise, and parameters
    that the classifier sets, are refused by errors that say what to use instead.

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
    listed_callbacks_ : tuple
        The callbacks that were initialised, as `_listed_callbacks` returns them.
    loop_ : TrainingLoop or None
        The training loop while `train` is running, else None.
    stage_ : Stage
        Stage of the training, which decides which parameters may be set.
    """

    loop_: TrainingLoop | None = None
    stage_ = Stage.IDLE

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

    @property
    def has_batch_hooks(self) -> bool:
        """Whether a callback is called at the end of each batch."""
        return any(has_batch_hook(callback) for _, callback in self.callbacks_)

    def set_params(self, **parameters: Any) -> Self:
        """Set parameters of the net. New callbacks replace the old callbacks at once.

        Raises
        ------
        ValueError
            If the value would be overwritten by the classifier, or would not be read any more.
        """
        if self.initialized_:
            check_settable(parameters, self.stage_)
        return self._set_params(parameters)

    def _set_params(self, parameters: dict[str, Any]) -> Self:
        parameters = parameters.copy()
        if "callbacks" in parameters:
            # skorch would initialise the old callbacks before it replaces them.
            self.callbacks = parameters.pop("callbacks")
            self._initialize_callbacks()
        return super().set_params(**parameters)

    def configure(self, parameters: dict[str, Any]) -> None:
        """Set parameters for a training. Callbacks that are still the same keep their state."""
        others = {name: value for name, value in parameters.items() if name != "callbacks"}
        self._set_params(others)
        if self._listed_callbacks(parameters["callbacks"]) != self.listed_callbacks_:
            self._set_params({"callbacks": parameters["callbacks"]})

    def initialize_callbacks(self) -> Self:
        """Initialise the callbacks, and remember what was listed."""
        self.listed_callbacks_ = self._listed_callbacks(self.callbacks)
        return super().initialize_callbacks()

    def _listed_callbacks(self, callbacks: Sequence[Any] | None) -> tuple[list[Any], bool]:
        """Return what the callbacks depend on; a copy, because the list may be changed in place."""
        return list(callbacks or []), bool(self.verbose)

    def notify(self, method_name: str, **arguments: Any) -> None:
        """Call a method of all callbacks.

        At the end of a training, callbacks that load weights come first. Then the weights are
        final, and the other callbacks may save them.
        """
        if method_name != "on_train_end" or self.loop_ is None:
            super().notify(method_name, **arguments)
            return
        callbacks = [callback for _, callback in self.callbacks_]
        loading = [callback for callback in callbacks if loads_best_weights(callback)]
        for callback in loading:
            callback.on_train_end(self, **arguments)
        self.loop_.finish(weights_loaded=bool(loading))
        for callback in callbacks:
            if callback not in loading:
                callback.on_train_end(self, **arguments)

    def fit(self, X: Any, y: Any = None, **fit_params: Any) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def partial_fit(
        self, X: Any, y: Any = None, classes: Any = None, **fit_params: Any
    ) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def train_step_single(self, batch: Any, **fit_params: Any) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def run_single_epoch(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise an error: the net is trained by its classifier."""
        self._refuse_training()

    def _refuse_training(self) -> NoReturn:
        raise RuntimeError(
            "net_ is trained by its RNNTextClassifier, which encodes labels, sets the learning "
            "rate and fits the linear term. Call the classifier's fit to train anew; call its "
            "partial_fit, or its fit with warm_start=True, to continue training. To inspect a "
            "training, set record_gradients=True, or give callbacks to the classifier."
        )

    def train(
        self,
        training: TrainingData,
        validation: TrainingData | None,
        *,
        parameters: dict[str, Any],
        known_ids: npt.NDArray[np.int32],
        accumulate: bool,
        seed: Sequence[int],
        dtype: torch.dtype,
        checkpoint: Checkpoint | None = None,
    ) -> TrainingResult:
        """Train for at most `max_epochs`.

        The linear term, if there is one, is fitted first. If there are out-of-fold predictions and
        no validation data, the biases of the output layer are refitted last, without dropout; with
        validation data, the temperature.

        With validation data, or if training diverges, the best weights are kept, as `EarlyStopping`
        defines them, unless a callback loads the weights that it found best. If an exception is
        raised, or if training diverges and there are no best weights, the net is the same as before
        the call, but for the moments of the optimizer.

        Parameters
        ----------
        training, validation : TrainingData
            All ids must be known ids. `validation` may be None.
        parameters : dict
            Parameters of the net, which are set first.
        known_ids : ndarray of int32 of shape (n_tokens + 1,)
            Table of the ids known at fit, as `known_ids_table` returns it.
        accumulate : bool
            As in `learn_linear_term`.
        seed : sequence of int
            Seed of the folds, the batches, the dropout and the sample for the output biases.
        dtype : torch.dtype
            Type in which recurrent layers and pooling compute in training.
        checkpoint : Checkpoint, default=None
            Holds the state to go on from, if there is one, and saves the state after each epoch.

        Returns
        -------
        result : TrainingResult
        """
        self.check_training_readiness()
        before = NetState(self)
        with thread_pool(trims_memory=True) as pool:
            try:
                self.configure(parameters)
                self.known_ids_ = known_ids
                loop = self._train(training, validation, accumulate, seed, dtype, pool, checkpoint)
            except BaseException:  # for example an error in a callback
                before.restore(self)
                raise
            finally:
                self.loop_, self.stage_ = None, Stage.IDLE
        if loop.diverged:
            self.initialize_optimizer()  # its moments may be infinite or NaN
            if loop.best_evaluation is None:
                before.restore(self)
        return loop.result()

    def _train(
        self,
        training: TrainingData,
        validation: TrainingData | None,
        accumulate: bool,
        seed: Sequence[int],
        dtype: torch.dtype,
        pool: ThreadPool,
        checkpoint: Checkpoint | None,
    ) -> TrainingLoop:
        rng = np.random.default_rng(seed)
        cross_fit = self._learn_linear_term(training, accumulate, rng, pool, checkpoint)
        trim_heaps()  # of the linear fits
        # set_params(criterion__label_smoothing=...) would build a new optimizer, without moments.
        self.criterion_.label_smoothing = self.label_smoothing
        options = {"reads_characters": self.reads_characters, "device": self.device}
        dataset = SkorchDataset(training, cross_fit=cross_fit, **options)
        valid_dataset = None if validation is None else SkorchDataset(validation, **options)
        history = self.history
        if checkpoint is not None:
            history.extend(checkpoint.evaluations)
        reset_rate(self.optimizer_, self.lr, self._scheduled_rate(), is_first=not history)

        def make_loop() -> TrainingLoop:
            # LoadInitState replaces the history.
            loaded = None if self.history is history else list(self.history)
            self.module_.temperature.fill_(1)  # LoadInitState may have loaded another
            rate = self._scheduled_rate()
            if loaded is not None or rate is not None:
                reset_rate(self.optimizer_, self.lr, rate, is_first=False)
            microbatches = MicroBatches(
                self.module_,
                self.criterion_,
                pool,
                cross_fit=cross_fit,
                seed=int(rng.integers(2**62)),
                dtype=dtype,
            )
            has_folds = cross_fit is not None and cross_fit.has_folds
            return TrainingLoop(
                self,
                dataset,
                valid_dataset,
                microbatches,
                # Not the batches of the epochs that were loaded.
                rng if loaded is None else np.random.default_rng([*seed, len(loaded)]),
                refit_bias=has_folds and validation is None,
                loaded=loaded,
                checkpoint=checkpoint,
            )

        self.stage_ = Stage.BEGIN
        try:
            super().partial_fit(training.ids, training.labels, make_loop=make_loop)
        except KeyboardInterrupt:  # at the beginning or at the end of the training
            if self.loop_ is not None:
                self.loop_.interrupted = True
        if self.loop_ is None:  # skorch may have caught the interrupt
            raise KeyboardInterrupt
        return self.loop_

    def _learn_linear_term(
        self,
        training: TrainingData,
        accumulate: bool,
        rng: np.random.Generator,
        pool: ThreadPool,
        checkpoint: Checkpoint | None,
    ) -> CrossFit | None:
        term = self.module_.linear_term
        if term is None:
            return None
        learn = partial(
            learn_linear_term,
            term,
            training.ids,
            training.labels,
            training.weights,
            accumulate=accumulate,
            label_smoothing=self.label_smoothing,
            rng=rng,
            parallel_map=pool.map,
            divide=shared_map,
        )
        return learn() if checkpoint is None else checkpoint.learn_linear_term(term, rng, learn)

    def _scheduled_rate(self) -> float | None:
        callbacks = [callback for _, callback in self.callbacks_]
        return scheduled_rate(callbacks, len(self.history), self.lr)

    def fit_loop(self, X: Any, y: Any = None, epochs: Any = None, **fit_params: Any) -> Self:
        """Build and run the training loop. Only `train` may call this method."""
        if "make_loop" not in fit_params:
            self._refuse_training()
        # Built after on_train_begin, because a callback may set parameters of the net there.
        self.loop_ = fit_params["make_loop"]()
        self.stage_ = Stage.RUNNING
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
        if self.loop_ is None:
            self._refuse_training()
        return self.loop_

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the training that may be running, for a callback that saves."""
        state: dict[str, Any] = super().__getstate__()
        return {name: value for name, value in state.items() if name not in ("loop_", "stage_")}
