"""RNNTextClassifier: parameters, labels, fit, predict, fitted attributes."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._ids import known_ids_table, replace_unknown_ids
from sklearn_rnn._nn.architecture import POOLINGS, check_same_architecture, plan_architecture
from sklearn_rnn._nn.summary import summarize
from sklearn_rnn._training.data import (
    apply_class_weight,
    check_partial_fit_classes,
    check_training_data,
    check_validation_data,
    choose_batch_size,
    encode_labels,
    find_classes,
    merge_repeated,
    sort_by_length,
    split_validation,
)
from sklearn_rnn._training.hardware import available_device, resolve_device, resolve_precision
from sklearn_rnn._training.history import make_history
from sklearn_rnn._training.net import build_net, check_callbacks
from sklearn_rnn._training.stopping import report_early_end
from sklearn_rnn._validation import Interval, StrOptions, _fit_context, check_ids, validate_data
from sklearn_rnn._word_vectors import WordVectors

# Attributes that a pickle keeps as plain values.
TABLES = {"history_", "gradient_flow_"}


class RNNTextClassifier(ClassifierMixin, BaseEstimator):
    """Recurrent neural network that classifies texts given as ids.

    The words of a text are embedded, read by one or more recurrent layers in one direction or in
    both, pooled into one vector, and classified by a dense head. A linear classifier of words and
    pairs of words is added, and both are trained together by AdamW on the cross-entropy, in batches
    of texts of similar length.

    Put it behind a :class:`TextTokenizer` in a scikit-learn Pipeline. What is predicted of a text
    depends on that text alone: neither on its padding nor on the texts around it.

    Parameters
    ----------
    cell_type : {"lstm", "gru", "rnn"} or type, default="lstm"
        The recurrence: long short-term memory [1]_, gated recurrent unit [2]_, a plain tanh
        unit, or a cell of your own: a subclass of ``torch.nn.Module`` that is made by
        ``Cell(input_size, hidden_size)``, and whose ``forward(x_t, h)`` takes what stands at one
        word, of shape (n_texts, input_size), and the state, of shape (n_texts, hidden_size), and
        returns the new state. It must be importable where a pickled model is loaded. Dropout inside
        it draws from torch's global stream, which `random_state` has no hold on.

    hidden_size : int or tuple of int, default=64
        Units of a recurrent layer, in each direction: one size for all layers, or one for each.

    num_layers : int, default=None
        Recurrent layers on top of each other. None: one, or as many as `hidden_size` has sizes.

    bidirectional : bool, default=True
        Whether each layer reads the text backwards too, from its last word to its first [3]_.

    merge : {"concat", "sum"}, default="concat"
        How the two directions join. Plays no part if not `bidirectional`.

    pooling : {"last", "max", "mean", "attention", "flatten"} or tuple of these, \
            default=("max", "mean")
        How the states at the words become one vector. "last" is the state after the last word that
        each direction reads, "attention" a mean whose weights are learned [4]_, "flatten" the
        states of all max_length words side by side. Those of a tuple are concatenated.

    embedding_dim : int, default=100
        Channels of the vector of a word. Plays no part if `word_vectors` are given.

    word_vectors : WordVectors or None, default=None
        The first vectors of the words, as :func:`load_word_vectors` reads them. Give them to the
        tokenizer too, ``TextTokenizer(vocabulary=vectors)``: it numbers the words alike. Words
        that have none get vectors drawn at random, and so do all words if None.

    freeze_embeddings : bool, default=False
        Whether the vectors of all words stay as they are at first.

    linear_ngrams : {0, 1, 2}, default=2
        What the linear classifier sees that the network reads and is added to: 1, the words that at
        least two of the training texts have; 2, pairs of neighbours too; 0, there is none. Its
        features are scaled by log-count ratios [11]_. It is fitted before the network is trained,
        and once more without each fifth of the texts: in training, the network reads what the fit
        without a text says of each of its words, and is added to the logits of that fit [13]_. With
        fewer than 500 texts for each class the network does not read it; with fewer than 50, the
        fit to all of them takes the place of those fits. The biases of the sum are fitted last,
        without dropout, unless validation data choose the weights.

    word_dropout : float, default=0.5
        Share of the words that become the unknown word in training [12]_. What the linear
        classifier says of them stays. Without it, ``linear_ngrams=0``, less may be better.

    embedding_dropout : float, default=0.5
        Share of the embedding's channels that are dropped in training, the same ones at every word
        of a text.

    dropout : float, default=0.5
        Share of the features that are dropped in training: between recurrent layers, of the pooled
        vector, and after each dense layer.

    head_sizes : tuple of int, default=()
        Units of the dense ReLU layers between the pooled vector and the logits.

    batch_norm : bool, default=False
        Whether to normalise what goes into each recurrent layer, into the head and into its ReLUs
        [5]_. Padding is left out of the statistics.

    max_epochs : int, default=3
        Passes over the training texts: exactly so many, unless `early_stopping` ends them.

    batch_size : int or "auto", default="auto"
        Texts in a batch. "auto" is a 256th of the training texts, at least 8 and at most 64:
        small data needs many steps, large data fast ones.

    learning_rate : float, default=2e-3
        Of AdamW [6]_; with ``lr_schedule="one_cycle"`` its highest value.

    weight_decay : float, default=0.0
        Decoupled weight decay: what is taken off each weight at each step, as a share of it and
        times the learning rate.

    gradient_clip : float or None, default=1.0
        The largest norm of the gradient, which is scaled down to it [7]_.

    lr_schedule : {"one_cycle", "plateau"} or None, default="one_cycle"
        How the learning rate moves. "one_cycle" lets it rise for 30 % of the steps of `max_epochs`
        and fall to nearly zero until the last one [8]_. "plateau" halves it whenever the validation
        loss has not fallen for more than ``n_iter_no_change // 2`` evaluations, and needs
        validation data. None keeps it constant.

    early_stopping : bool, default=False
        Whether to stop when the score on validation data stalls. They are a stratified part of
        the training data, or X_val and y_val if given to `fit`.

    validation_fraction : float, default=0.1
        Share of the training texts that is set aside if `early_stopping`, in (0, 1).

    scoring : {"accuracy", "loss"}, default="accuracy"
        The score on validation data that tells when to stop, and whose weights to keep.

    n_iter_no_change : int, default=10
        Evaluations in a row without progress that `early_stopping` puts up with.

    tol : float, default=1e-4
        Progress is a validation accuracy of at least this much above the best, or a loss below.

    evaluations_per_epoch : int, default=1
        How often, at equal distances, the validation data are looked at in an epoch. `history_` has
        a row for each time.

    class_weight : {"balanced"}, dict of label to float, or None, default=None
        What each class counts, multiplied with `sample_weight`, in training and validation.
        "balanced": all classes count the same.

    label_smoothing : float, default=0.1
        Share of each label that is spread over all classes, in [0, 1) [9]_.

    warm_start : bool, default=False
        Whether `fit` goes on training the network that is there. Its embedding grows with new ids.

    random_state : int, RandomState instance or None, default=None
        Determines the first weights, the batches, dropout and the validation split. An int makes
        a fit repeatable on the same machine to the last bit, in any process and with any
        `n_jobs`. Global random streams are left as they are.

    verbose : int, default=0
        1 shows a progress bar and prints a line per epoch.

    device : {"auto", "cpu", "cuda"} or "cuda:N", default="auto"
        Where to compute; "auto" takes a GPU where there is one, and workers of joblib take
        several in turn. Training that goes on, by `warm_start` or `partial_fit`, stays where it
        was.

    record_gradients : bool, default=False
        Whether to note the size of the gradients at each step, in `gradient_flow_`.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        The numbers that the recurrent layers are trained in; the weights and all that is predicted
        are float32. bfloat16, mixed precision [10]_, is faster where hardware has it: "auto" takes
        it for any cell on a GPU, and on a CPU with AMX or AVX512-BF16 for an LSTM and for a GRU
        with a layer of 128 units or more.

    callbacks : list of skorch callbacks or None, default=None
        Called during training, as in :class:`skorch.NeuralNet`. They are the only way for skorch
        objects to get into a pickle.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted labels.

    n_features_in_ : int
        Columns of X.

    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the columns, if X is a DataFrame with names.

    net_ : skorch.NeuralNetClassifier
        The trained net; its `module_` is the torch module.

    n_epochs_ : int or float
        Epochs trained in all, those before a warm start included.

    best_epoch_ : int or float
        The epoch whose weights were kept: of the best validation score, as `scoring` says, and of
        the better other one among equals. Only with validation data; else the last epoch's are
        kept.

    history_ : pandas.DataFrame of shape (n_evaluations, 6)
        A row per epoch, numbered from 1, or per evaluation, numbered by the epochs that are over:
        `train_loss` and `train_accuracy` since the row before (with dropout, while the
        weights change), `valid_loss` and `valid_accuracy` (NaN without validation data),
        `learning_rate` at the end, and `seconds`. The losses are weighted means, with
        `label_smoothing`.

    gradient_flow_ : pandas.DataFrame of shape (n_steps * n_layers, 2)
        The mean and the largest absolute value, `mean` and `max`, of the gradients of each layer at
        each step, before `gradient_clip`. Only if `record_gradients`, and of the last fit.

    n_parameters_ : int
        Numbers that were learned, those of the embedding included unless it was frozen.

    See Also
    --------
    TextTokenizer : Makes the ids.
    sklearn.neural_network.MLPClassifier : A network without order.

    Notes
    -----
    An id that training has not met is the unknown word, id 1, which is learned from the words that
    `TextTokenizer` leaves out as too rare. A 0 after the last word of a row is padding; one before
    it is a word whose vector is zero.

    A pickle holds arrays alone: no optimizer state, and no objects of torch or skorch. It loads
    under other versions of them, and without the GPU that the model was fitted on.

    With all texts in one batch, a text of weight 2 is the same as one given twice, to the last bit.
    With several batches that holds on average only.

    References
    ----------
    .. [1] Hochreiter & Schmidhuber (1997), Long short-term memory. doi:10.1162/neco.1997.9.8.1735
    .. [2] Cho et al. (2014), Learning phrase representations using RNN encoder-decoder for
       statistical machine translation. arXiv:1406.1078
    .. [3] Schuster & Paliwal (1997), Bidirectional recurrent neural networks.
       doi:10.1109/78.650093
    .. [4] Yang et al. (2016), Hierarchical attention networks for document classification.
       doi:10.18653/v1/N16-1174
    .. [5] Ioffe & Szegedy (2015), Batch normalization. arXiv:1502.03167
    .. [6] Loshchilov & Hutter (2019), Decoupled weight decay regularization. arXiv:1711.05101
    .. [7] Pascanu, Mikolov & Bengio (2013), On the difficulty of training recurrent neural
       networks. arXiv:1211.5063
    .. [8] Smith & Topin (2018), Super-convergence. arXiv:1708.07120
    .. [9] Szegedy et al. (2016), Rethinking the Inception architecture for computer vision.
       arXiv:1512.00567
    .. [10] Micikevicius et al. (2018), Mixed precision training. arXiv:1710.03740
    .. [11] Wang & Manning (2012), Baselines and bigrams: simple, good sentiment and topic
       classification. aclanthology.org/P12-2018
    .. [12] Iyyer et al. (2015), Deep unordered composition rivals syntactic methods for text
       classification. doi:10.3115/v1/P15-1162
    .. [13] Wolpert (1992), Stacked generalization. doi:10.1016/S0893-6080(05)80023-1

    Examples
    --------
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn_rnn import RNNTextClassifier, TextTokenizer
    >>> texts = ["good, not bad", "bad, not good", "so good", "so bad"] * 10
    >>> labels = ["praise", "blame", "praise", "blame"] * 10
    >>> classifier = RNNTextClassifier(hidden_size=8, max_epochs=20, random_state=0)
    >>> model = make_pipeline(TextTokenizer(), classifier).fit(texts, labels)
    >>> model.predict(["bad, not good", "good, not bad"])
    array(['blame', 'praise'], dtype='<U6')
    """

    _parameter_constraints: dict = {
        "cell_type": [StrOptions({"lstm", "gru", "rnn"}), type],
        "hidden_size": [Interval(Integral, 1, None, closed="left"), tuple],
        "num_layers": [Interval(Integral, 1, None, closed="left"), None],
        "bidirectional": ["boolean"],
        "merge": [StrOptions({"concat", "sum"})],
        "pooling": [StrOptions(set(POOLINGS)), tuple],
        "embedding_dim": [Interval(Integral, 1, None, closed="left")],
        "word_vectors": [WordVectors, None],
        "freeze_embeddings": ["boolean"],
        "linear_ngrams": [Interval(Integral, 0, 2, closed="both")],
        "word_dropout": [Interval(Real, 0, 1, closed="left")],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "head_sizes": [tuple],
        "batch_norm": ["boolean"],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "lr_schedule": [StrOptions({"one_cycle", "plateau"}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "scoring": [StrOptions({"accuracy", "loss"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "evaluations_per_epoch": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
        "device": [str],
        "record_gradients": ["boolean"],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "callbacks": [list, None],
    }

    def __init__(
        self,
        *,
        cell_type="lstm",
        hidden_size=64,
        num_layers=None,
        bidirectional=True,
        merge="concat",
        pooling=("max", "mean"),
        embedding_dim=100,
        word_vectors=None,
        freeze_embeddings=False,
        linear_ngrams=2,
        word_dropout=0.5,
        embedding_dropout=0.5,
        dropout=0.5,
        head_sizes=(),
        batch_norm=False,
        max_epochs=3,
        batch_size="auto",
        learning_rate=2e-3,
        weight_decay=0.0,
        gradient_clip=1.0,
        lr_schedule="one_cycle",
        early_stopping=False,
        validation_fraction=0.1,
        scoring="accuracy",
        n_iter_no_change=10,
        tol=1e-4,
        evaluations_per_epoch=1,
        class_weight=None,
        label_smoothing=0.1,
        warm_start=False,
        random_state=None,
        verbose=0,
        device="auto",
        record_gradients=False,
        precision="auto",
        callbacks=None,
    ):
        self.cell_type = cell_type
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.merge = merge
        self.pooling = pooling
        self.embedding_dim = embedding_dim
        self.word_vectors = word_vectors
        self.freeze_embeddings = freeze_embeddings
        self.linear_ngrams = linear_ngrams
        self.word_dropout = word_dropout
        self.embedding_dropout = embedding_dropout
        self.dropout = dropout
        self.head_sizes = head_sizes
        self.batch_norm = batch_norm
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.gradient_clip = gradient_clip
        self.lr_schedule = lr_schedule
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.scoring = scoring
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.evaluations_per_epoch = evaluations_per_epoch
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
        self.device = device
        self.record_gradients = record_gradients
        self.precision = precision
        self.callbacks = callbacks

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None, sample_weight_val=None):
        """Train the network.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids, as `TextTokenizer` gives them. An id that is not there is the unknown
            word ever after.
        y : array-like of shape (n_samples,)
            Labels: strings, numbers or booleans.
        sample_weight : array-like of shape (n_samples,), default=None
            What each text counts; None: 1 each. A weight of 0 is as good as leaving the text out.
        X_val : array-like of int of shape (n_val, max_length), default=None
            Validation data, watched instead of a part of X. With
            ``Pipeline(transform_input=["X_val"])`` texts are tokenized on the way.
        y_val : array-like of shape (n_val,), default=None
            Its labels.
        sample_weight_val : array-like of shape (n_val,), default=None
            What each validation text counts.

        Returns
        -------
        self : RNNTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If the data is not as above, has one class only, or is too small to be split; if
            parameters contradict each other or the data; if the device is not there; or if the
            loss is not finite in the first epoch.

        Warns
        -----
        ConvergenceWarning
            If the loss is not finite in a later epoch. The best weights so far are kept.
        UserWarning
            If training is interrupted from the keyboard. What was trained is kept.
        """
        data = check_training_data(X, y, sample_weight, estimator=self)
        classes = find_classes(data.y)
        resume = self.warm_start and hasattr(self, "net_")
        if resume:
            self._check_resumable(X, classes)
        random_state = check_random_state(self.random_state)
        validation = check_validation_data(
            X_val, y_val, sample_weight_val, training=data, estimator=self
        )
        if validation is None and self.early_stopping:
            data, validation = split_validation(data, self.validation_fraction, random_state)
        if validation is None and self.lr_schedule == "plateau":
            raise ValueError(
                "lr_schedule='plateau' watches the validation loss, and there is no validation "
                "data. Pass X_val and y_val to fit, or set early_stopping=True."
            )
        return self._train(
            X,
            data,
            classes,
            validation=validation,
            seed=random_state.randint(np.iinfo(np.int32).max),
            max_epochs=self.max_epochs,
            lr_schedule=self.lr_schedule,
            evaluations_per_epoch=self.evaluations_per_epoch,
            resume=resume,
            accumulate=False,
        )

    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, classes=None, sample_weight=None):
        """Train for one epoch on part of the data, at a constant learning rate.

        The embedding grows with the ids that come, and the linear classifier with the pairs. There
        is no validation data, so the weights are those after the epoch, and `max_epochs`,
        `lr_schedule` and `evaluations_per_epoch` have no say.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids, of the same width at every call.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever come. Needed at the first call, and only then.
        sample_weight : array-like of shape (n_samples,), default=None
            What each text counts; None: 1 each.

        Returns
        -------
        self : RNNTextClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            As for `fit`; and if `classes` are missing at the first call or others later, if y holds
            another class, or if `early_stopping` or ``class_weight="balanced"`` is set, which need
            all of the data.
        """
        if self.early_stopping or self.class_weight == "balanced":
            raise ValueError(
                "partial_fit sees part of the data, and early_stopping=True and "
                "class_weight='balanced' need all of it. Use fit, or give class_weight as a dict."
            )
        data = check_training_data(X, y, sample_weight, estimator=self)
        resume = hasattr(self, "net_")
        if resume:
            validate_data(self, X, reset=False, skip_check_array=True)
        classes = check_partial_fit_classes(classes, getattr(self, "classes_", None))
        encode_labels(data.y, classes, name="y")
        return self._train(
            X,
            data,
            classes,
            validation=None,
            seed=check_random_state(self.random_state).randint(np.iinfo(np.int32).max),
            max_epochs=1,
            lr_schedule=None,
            evaluations_per_epoch=1,
            resume=resume,
            accumulate=True,
        )

    def _check_resumable(self, X, classes):
        validate_data(self, X, reset=False, skip_check_array=True)
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start=True goes on training for the classes {self.classes_.tolist()}, and y "
                f"has {classes.tolist()}. Set warm_start=False to start anew."
            )

    def _net_parameters(self):
        check_callbacks(self.callbacks)
        return {
            "lr": self.learning_rate,
            "optimizer__weight_decay": self.weight_decay,
            "gradient_clip": self.gradient_clip,
            "early_stopping": self.early_stopping,
            "scoring": self.scoring,
            "n_iter_no_change": self.n_iter_no_change,
            "tol": self.tol,
            "record_gradients": self.record_gradients,
            "label_smoothing": self.label_smoothing,
            "verbose": int(self.verbose),
            "callbacks": self.callbacks,
        }

    def _train(self, X, data, classes, *, validation, seed, resume, accumulate, **plan):
        """Train a new net, or go on with the one there is, and keep what was learned.

        `plan` is what `fit` and `partial_fit` decide of the net's parameters. Nothing of the
        classifier changes before the training has succeeded.
        """
        lookup = known_ids_table(
            data.ids, self._lookup if resume else None, word_vectors=self.word_vectors
        )
        architecture = plan_architecture(
            self, n_tokens=len(lookup) - 1, n_classes=len(classes), n_steps=data.ids.shape[1]
        )
        batch_size = choose_batch_size(self.batch_size, len(data.y))
        if len(data.y) <= batch_size:
            data = merge_repeated(data)
        plan |= {"batch_size": batch_size}
        if resume:
            net, history = self._resume_net(architecture, seed, plan), self.history_
        else:
            net, history = self._start_net(architecture, seed, plan), make_history([])

        def encode(part):
            part = apply_class_weight(part, self.class_weight, classes, balance=data)
            labels = encode_labels(part.y, classes, name="y")
            return replace_unknown_ids(part.ids, lookup), labels, part.weights

        training = encode(data)
        if validation is not None:
            validation = encode(sort_by_length(validation))
        evaluations = net.train(
            training,
            validation,
            accumulate=accumulate,
            seed=(seed, len(history)),
            dtype=resolve_precision(
                self.precision,
                net.device,
                cell_type=self.cell_type,
                hidden_sizes=architecture["hidden_sizes"],
            ),
        )
        epochs_before = history.index[-1] if len(history) else 0
        more_history = make_history(evaluations, epochs_before)
        report_early_end(
            net,
            epochs=more_history.index.tolist(),
            epochs_before=epochs_before,
            learning_rate=self.learning_rate,
            gradient_clip=self.gradient_clip,
        )

        validate_data(self, X, reset=not resume, skip_check_array=True)
        self.classes_ = classes
        self._architecture = architecture
        self._first_vectors = self.word_vectors
        self._lookup = lookup
        self.history_ = pd.concat([history, more_history]) if len(history) else more_history
        self._take_over(net, more_history, is_validated=validation is not None)
        return self

    def _start_net(self, architecture, seed, plan):
        device = resolve_device(self.device)
        net = build_net(architecture, seed=seed, device=device, **self._net_parameters() | plan)
        if self.word_vectors is not None:
            net.set_word_vectors(self.word_vectors)
        return net

    def _resume_net(self, architecture, seed, plan):
        check_same_architecture(self._architecture, architecture)
        if self.word_vectors != self._first_vectors:
            raise ValueError(
                f"The network that is to go on training started from {self._first_vectors}, "
                f"and word_vectors is now {self.word_vectors}. Set warm_start=False and call "
                "fit to start from other vectors."
            )
        self.net_.set_params(**self._net_parameters() | plan)
        self.net_.grow_embedding(architecture["n_tokens"], seed=seed)
        return self.net_

    def _take_over(self, net, history, *, is_validated):
        """Set the attributes that tell of a training, whose own history is given."""
        self.net_ = net
        self.n_epochs_ = self.history_.index[-1].item() if len(self.history_) else 0
        self.n_parameters_ = sum(p.numel() for p in net.module_.parameters() if p.requires_grad)
        if net.module_.linear_term is not None:
            self.n_parameters_ += net.module_.linear_term.n_parameters
        for name in ("best_epoch_", "gradient_flow_"):
            vars(self).pop(name, None)
        if is_validated and net.stopping_.best_epoch is not None:
            self.best_epoch_ = history.index[net.stopping_.best_epoch - 1].item()
        if self.record_gradients:
            self.gradient_flow_ = net.gradient_flow_.to_frame()

    def summary(self):
        """List the layers of the network.

        Returns
        -------
        summary : pandas.DataFrame
            A row per `layer`, in the order of the computation: `output_shape` for one text, of the
            longest length there can be, and `n_parameters`, those of a frozen embedding included.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.

        Examples
        --------
        >>> from sklearn_rnn import RNNTextClassifier
        >>> classifier = RNNTextClassifier(embedding_dim=8, hidden_size=4, max_epochs=1)
        >>> classifier.fit([[2, 3, 0], [3, 2, 4]], ["a", "b"]).summary()
                    output_shape  n_parameters
        layer
        embedding         (3, 8)            40
        layers.0          (3, 8)           512
        poolings           (16,)             0
        output              (2,)            34
        linear_term         (2,)             8
        """
        check_is_fitted(self)
        return summarize(self.net_.module_, self.n_features_in_)

    def decision_function(self, X):
        """Compute the logits.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        scores : ndarray of float32 of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the log-odds of ``classes_[1]``; else a logit for each class.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X):
        """Predict the label of each text.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels, of the type of those given to fit.
        """
        indices = self._logits(X).argmax(axis=1)
        return self.classes_[indices]

    def predict_proba(self, X):
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of ``classes_``.
        """
        return torch.from_numpy(self._logits(X)).double().softmax(1).numpy()

    def predict_log_proba(self, X):
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        log_probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of ``classes_``; never minus infinity for a small probability.
        """
        return torch.from_numpy(self._logits(X)).double().log_softmax(1).numpy()

    def _logits(self, X):
        check_is_fitted(self)
        ids = check_ids(X, estimator=self)
        validate_data(self, X, reset=False, skip_check_array=True)
        return self.net_.logits(ids, self._lookup)

    def __getstate__(self):
        """Keep NumPy arrays in place of the net.

        So a model that was fitted on a GPU loads without one, and one saved under some version of
        torch or skorch loads under another. What training alone needs, the optimizer's moments,
        stays behind: `partial_fit` and `warm_start` begin with fresh ones after a load.
        """
        state = dict(super().__getstate__())
        if "net_" in state:
            state["net_"] = self.net_.get_weights()
            for name in state.keys() & TABLES:
                state[name] = state[name].to_dict("tight")
        return state

    def __setstate__(self, state):
        """Build the net from its arrays, on the device that is there."""
        super().__setstate__(state)
        if "net_" in state:
            weights = self.net_
            device = available_device(self.device)
            # A training that failed may have made the embedding grow beyond what the plan says.
            architecture = self._architecture | {"n_tokens": len(weights["embedding.weight"])}
            self.net_ = build_net(architecture, seed=0, device=device, **self._net_parameters())
            self.net_.set_weights(weights)
            for name in state.keys() & TABLES:
                setattr(self, name, pd.DataFrame.from_dict(state[name], orient="tight"))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags
