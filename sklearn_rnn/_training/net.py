"""The one door to skorch: the net that trains and applies the module."""

import math

import numpy as np
import torch
from skorch import NeuralNetClassifier
from skorch.callbacks import Callback, EpochTimer, PrintLog
from skorch.helper import predefined_split
from tqdm import tqdm

from sklearn_rnn._ids import FIRST_ID
from sklearn_rnn._linear.fit import learn_linear_term
from sklearn_rnn._nn.module import RecurrentModule
from sklearn_rnn._training.batches import IdsDataset, SequentialBatches, TrainingBatches, cut_epochs
from sklearn_rnn._training.calibration import fit_intercept
from sklearn_rnn._training.history import HISTORY_COLUMNS, GradientFlow
from sklearn_rnn._training.microbatches import PartedBatches
from sklearn_rnn._training.optimizer import make_schedule, replace_parameter
from sklearn_rnn._training.prediction import compute_logits
from sklearn_rnn._training.stopping import Stopping
from sklearn_rnn._training.thread_pool import one_core_each


def build_net(architecture, *, seed, device, **parameters):
    """Build and initialise a net from plain values.

    Parameters
    ----------
    architecture : Architecture
        Of the module.
    seed : int
        Of the first weights, which are drawn on the CPU whatever the device.
    device : torch.device
        Where the module lies and the batches go.
    **parameters
        Of `RecurrentNet`.

    Returns
    -------
    net : RecurrentNet
    """
    return RecurrentNet(
        RecurrentModule,
        module__architecture=architecture,
        seed=seed,
        criterion=torch.nn.CrossEntropyLoss,
        criterion__reduction="none",
        optimizer=torch.optim.AdamW,
        optimizer__fused=True,
        dataset=IdsDataset,
        dataset__device=device,
        classes=np.arange(architecture.n_classes),
        device=device,
        **parameters,
    ).initialize()


def check_callbacks(callbacks):
    """Raise a ValueError unless `callbacks` is None or a list that skorch takes.

    A list of callbacks, instances or classes, each alone or in a pair with a name.
    """
    for callback in callbacks or []:
        bare = callback[1] if isinstance(callback, tuple) and len(callback) == 2 else callback
        kind = bare if isinstance(bare, type) else type(bare)
        if not issubclass(kind, Callback):
            raise ValueError(
                f"callbacks holds {callback!r}, which is no skorch callback. Give a list of "
                "skorch.callbacks.Callback instances, or of pairs of a name and one."
            )


class RecurrentNet(NeuralNetClassifier):
    """A skorch net whose inner loop waits for nothing: no copies, no numbers fetched per batch.

    Parameters
    ----------
    module : type
        `RecurrentModule`.
    seed : int
        Of the first weights.
    gradient_clip : float or None
        Largest norm of the gradient.
    lr_schedule : {None, "one_cycle", "plateau"}
        How the learning rate moves.
    early_stopping : bool
        Whether to stop when the validation score stalls.
    scoring : {"accuracy", "loss"}
        The validation score.
    n_iter_no_change : int
        Evaluations without progress before it stops.
    tol : float
        What counts as progress, in accuracy or in loss.
    evaluations_per_epoch : int
        How often the validation data are looked at in an epoch.
    record_gradients : bool
        Whether to note the size of the gradients at each step.
    label_smoothing : float
        Share of each label that is spread over all classes.
    **kwargs
        Of `skorch.NeuralNetClassifier`.

    Attributes
    ----------
    stopping_ : Stopping
        Which weights were kept, after `partial_fit`.
    gradient_flow_ : GradientFlow or None
        The sizes of the gradients of the last `partial_fit`.
    interrupted_, diverged_ : bool
        Whether the last `partial_fit` ended by a keyboard interrupt, or by numbers that are not
        finite.
    """

    def __init__(
        self,
        module,
        *,
        seed,
        gradient_clip=None,
        lr_schedule=None,
        early_stopping=False,
        scoring="accuracy",
        n_iter_no_change=10,
        tol=1e-4,
        evaluations_per_epoch=1,
        record_gradients=False,
        label_smoothing=0.0,
        **kwargs,
    ):
        super().__init__(module, train_split=None, **kwargs)
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
    def _default_callbacks(self):
        print_log = [("print_log", PrintLog(keys_ignored="passes"))] if self.verbose else []
        return [("epoch_timer", EpochTimer()), *print_log]

    def set_params(self, **parameters):
        """Set parameters of the net; new callbacks take part from the next training on."""
        if "callbacks" in parameters:
            # skorch would initialise those that were there before, and then replace them.
            self.callbacks = parameters["callbacks"]
        return super().set_params(**parameters)

    def initialize_module(self):
        """Build the module, and initialise its weights from the seed."""
        super().initialize_module()
        with one_core_each():
            self.module_.init_weights(torch.Generator().manual_seed(self.seed))
        return self

    def train(self, training, validation, *, accumulate, seed, dtype):
        """Train for `max_epochs`, keep the best weights, and say how it went.

        The linear term, if there is one, learns first, and then the network what it leaves. The
        biases of their sum are fitted last, without dropout, if there are logits of texts that the
        linear term has not seen, and if no weights were chosen by how they did on `validation`.

        Parameters
        ----------
        training, validation : (ids, labels, weights)
            What to learn from and what to watch, as `IdsDataset` takes them; `validation` may be
            None.
        accumulate : bool
            What it is for `learn_linear_term`.
        seed : sequence of int
            Of the folds, the order of the batches, dropout, and the sample for the biases.
        dtype : torch.dtype
            What the recurrent layers are trained in.

        Returns
        -------
        evaluations : list of dict
            What was recorded at the end of each epoch, or at each evaluation, under the names of
            `HISTORY_COLUMNS`.
        """
        self.rng_ = np.random.default_rng(seed)
        self.train_split = None
        if validation is not None:
            self.train_split = predefined_split(IdsDataset(*validation, device=self.device))
        n_epochs_before = len(self.history)
        weights_before = copy_weights(self.module_)
        with one_core_each() as side_by_side:
            try:
                cross_fit = None
                if self.module_.linear_term is not None:
                    cross_fit = learn_linear_term(
                        self.module_.linear_term,
                        *training,
                        accumulate=accumulate,
                        label_smoothing=self.label_smoothing,
                        rng=self.rng_,
                        parallel_map=side_by_side.map,
                    )
                self.batches_ = PartedBatches(
                    self.module_,
                    self.criterion_,
                    side_by_side,
                    cross_fit=cross_fit,
                    seed=int(self.rng_.integers(2**62)),
                    dtype=dtype,
                )
                dataset = IdsDataset(*training, cross_fit=cross_fit, device=self.device)
                self.partial_fit(dataset)
                has_folds = cross_fit is not None and cross_fit.has_folds
                if has_folds and validation is None and not self.diverged_:
                    self._train_or_evaluate(training=False)
                    fit_intercept(
                        self.module_,
                        dataset,
                        self.batches_,
                        label_smoothing=self.label_smoothing,
                        rng=self.rng_,
                    )
            except BaseException:  # of a callback, say: nothing is half trained
                del self.history[n_epochs_before:]
                self._go_back_to(weights_before)
                raise
            finally:
                self.batches_ = None  # its threads end here
        if self.diverged_:
            self._go_back_to(self.stopping_.best_weights or weights_before)
        elif self.stopping_.best_weights is not None and validation is not None:
            self.module_.load_state_dict(self.stopping_.best_weights)
        return [
            {new: epoch.get(old, math.nan) for old, new in HISTORY_COLUMNS.items()}
            for epoch in self.history[n_epochs_before:]
            if "dur" in epoch
        ]

    def fit_loop(self, X, y=None, epochs=None, **fit_params):
        """Run the epochs, and stop early where there is reason to."""
        self.interrupted_ = self.diverged_ = False
        # As a parameter of the criterion it would cost the optimizer's moments: skorch builds the
        # optimizer anew whenever one is set.
        self.criterion_.label_smoothing = self.label_smoothing
        self.gradient_flow_ = GradientFlow() if self.record_gradients else None
        self.stopping_ = Stopping(
            scoring=self.scoring,
            tol=self.tol,
            n_iter_no_change=self.n_iter_no_change if self.early_stopping else None,
        )
        train, valid = self.get_split_datasets(X, y)
        datasets = {"dataset_train": train, "dataset_valid": valid}
        train_batches = self.get_iterator(train, training=True)
        self.schedule_ = make_schedule(
            self.optimizer_,
            self.lr_schedule,
            learning_rate=self.lr,
            n_steps=self.max_epochs * len(train_batches),
            patience=self.n_iter_no_change // 2,
        )
        stretches = cut_epochs(
            train_batches, n_epochs=self.max_epochs, n_stretches=self.evaluations_per_epoch
        )
        for passes, n_batches, batches in stretches:
            self.notify("on_epoch_begin", **datasets)
            try:
                progress = self._show_progress(batches, "train", n_batches)
                self.run_single_epoch(progress, True, "train", self.train_step)
                if valid is not None:
                    valid_batches = self.get_iterator(valid, training=False)
                    self.run_single_epoch(
                        self._show_progress(valid_batches, "valid", len(valid_batches)),
                        False,
                        "valid",
                        self.validation_step,
                    )
            except KeyboardInterrupt:
                self.interrupted_ = True
                raise  # to skorch, which ends the training; a callback may end it so too
            self.history.record("passes", passes)
            self.history.record("learning_rate", self.optimizer_.param_groups[-1]["lr"])
            self._judge_epoch()
            self.notify("on_epoch_end", **datasets)
            if self.diverged_ or self.stopping_.stalled:
                break
        return self

    def _show_progress(self, batches, name, n_batches):
        # None: no bar where stderr is no terminal, as in a log file.
        disable = None if self.verbose else True
        return tqdm(batches, desc=name, total=n_batches, leave=False, disable=disable)

    def _judge_epoch(self):
        epoch = self.history[-1]
        norm = torch.nn.utils.get_total_norm(self.module_.parameters()).item()
        self.diverged_ = not math.isfinite(epoch["train_loss"] + norm)
        if self.diverged_:
            return
        self.stopping_.record(
            copy_weights(self.module_),
            valid_accuracy=epoch.get("valid_accuracy"),
            valid_loss=epoch.get("valid_loss"),
        )
        if self.lr_schedule == "plateau":
            self.schedule_.step(epoch["valid_loss"])

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """Go through batches once, and record the mean loss and accuracy over the weights."""
        # Summed on the device and fetched once: a number fetched per batch would stall a GPU.
        sums = torch.zeros(3, dtype=torch.float64, device=self.device)
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            sums += step["sums"]
            self.notify("on_batch_end", batch=batch, training=training, **step)
        loss, hits, weight = sums.tolist()
        self.history.record(f"{prefix}_loss", loss / weight)
        self.history.record(f"{prefix}_accuracy", hits / weight)

    def train_step(self, batch, **fit_params):
        """Take one step of the optimizer."""
        self._train_or_evaluate(training=True)
        self.optimizer_.zero_grad()
        step = self.batches_.differentiate(*batch)
        if self.gradient_flow_ is not None:
            self.gradient_flow_.record(self.module_)
        self.notify(
            "on_grad_computed",
            named_parameters=list(self.get_all_learnable_params()),
            batch=batch,
            training=True,
        )
        if self.gradient_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.module_.parameters(), self.gradient_clip)
        self.optimizer_.step()
        if self.lr_schedule == "one_cycle":
            self.schedule_.step()
        return step

    def validation_step(self, batch, **fit_params):
        """Compute the loss of a batch, without dropout."""
        self._train_or_evaluate(training=False)
        return self.batches_.evaluate(*batch)

    def infer(self, x, **fit_params):
        """Compute the logits of the inputs that `IdsDataset` gives."""
        return self.module_(x["ids"], x["lengths"])

    def get_iterator(self, dataset, training=False):
        """Make the batches of a dataset."""
        if training:
            return TrainingBatches(dataset, self.batch_size, self.rng_)
        return SequentialBatches(dataset)

    def logits(self, ids, lookup):
        """Compute the logits of texts, as `compute_logits` does."""
        self._train_or_evaluate(training=False)
        return compute_logits(self.module_, ids, lookup, device=torch.device(self.device))

    def _train_or_evaluate(self, *, training):
        # Setting it at each step took longer than a small step itself.
        if self.module_.training != training:
            self._set_training(training)

    def get_weights(self):
        """Return the module's state as a dict of NumPy arrays."""
        return {
            name: tensor.numpy(force=True) for name, tensor in copy_weights(self.module_).items()
        }

    def set_weights(self, weights):
        """Give the module the state that `get_weights` returned."""
        self._go_back_to({name: torch.tensor(w) for name, w in weights.items()})

    def _go_back_to(self, weights):
        self.module_.load_state_dict(weights)
        self.initialize_optimizer()  # whose moments may be of a training that failed

    def grow_embedding(self, n_tokens, *, seed):
        """Add rows to the embedding until it has `n_tokens`, drawn as the first ones were.

        The optimizer goes on with what it knows of the rows that were there.
        """
        old = self.module_.embedding.weight
        if n_tokens <= len(old):  # less if a training that failed made it grow
            return
        grown = self.module_.grow_embedding(n_tokens, torch.Generator().manual_seed(seed))
        replace_parameter(self.optimizer_, old, grown)

    @torch.no_grad()
    def set_word_vectors(self, word_vectors):
        """Give the words of `WordVectors` their rows of the embedding."""
        rows = slice(FIRST_ID, FIRST_ID + len(word_vectors))
        self.module_.embedding.weight[rows] = torch.tensor(word_vectors.matrix)


def copy_weights(module):
    """Copy a module's state, where it lies."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}
