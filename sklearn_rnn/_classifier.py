"""RNNTextClassifier: parameters, fit, predict, fitted attributes."""

import os
from dataclasses import asdict, replace
from numbers import Integral, Real
from types import SimpleNamespace
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from sklearn_rnn._doc_links import DocLinkMixin
from sklearn_rnn._ids import has_characters, known_ids_table
from sklearn_rnn._labels import check_labels
from sklearn_rnn._nn.architecture import (
    MAX_SIZE,
    Architecture,
    check_same_architecture,
    check_sizes,
    plan_architecture,
)
from sklearn_rnn._nn.pooling import POOLINGS
from sklearn_rnn._nn.recurrent import RECURRENCES
from sklearn_rnn._nn.summary import count_trained, summarize
from sklearn_rnn._parameters import (
    RANDOM_STATE,
    Interval,
    Satisfies,
    StrOptions,
    _fit_context,
    damaged_state,
    invalid_parameters,
    python_values,
)
from sklearn_rnn._training.build_net import build_net
from sklearn_rnn._training.callbacks import callbacks_of_rank, check_callbacks, check_effects
from sklearn_rnn._training.checkpoint import open_checkpoint
from sklearn_rnn._training.data import (
    MIN_EPOCHS,
    TrainingData,
    check_partial_fit_classes,
    check_training_data,
    check_validation_data,
    choose_batch_size,
    choose_max_epochs,
    continue_numbering,
    split_validation,
    warn_of_other_numbering,
)
from sklearn_rnn._training.hardware import (
    available_device,
    check_memory,
    resolve_device,
    resolve_precision,
)
from sklearn_rnn._training.history import make_history
from sklearn_rnn._training.loop import TrainingResult
from sklearn_rnn._training.net import RecurrentNet
from sklearn_rnn._training.optimizer import SCHEDULES, ScheduleName
from sklearn_rnn._training.process_group import (
    data_parallel,
    is_silent,
    share_weights,
    shared_random_state,
)
from sklearn_rnn._training.stopping import TrainingEnd
from sklearn_rnn._training.task import TrainingTask, prepare_data
from sklearn_rnn._training.thread_pool import methods_on_one_core
from sklearn_rnn._validation import (
    check_ids,
    feature_attributes,
    validate_data,
)
from sklearn_rnn._word_vectors import WordVectors

# Attributes that are DataFrames. A saved state has them as dicts.
TABLES = {"history_", "gradient_flow_"}

_SIZE = Interval(Integral, 1, MAX_SIZE, closed="both")
_WEIGHT = Interval(Real, 0, None, closed="left")

PoolingName: TypeAlias = Literal["last", "max", "mean", "attention", "flatten"]


def _is_dict_of_weights(value: object) -> bool:
    return isinstance(value, dict) and all(map(_WEIGHT.is_satisfied_by, value.values()))


@methods_on_one_core
class RNNTextClassifier(DocLinkMixin, ClassifierMixin, BaseEstimator):
    """Recurrent neural network that classifies texts given as rows of token ids.

    Each token of a text is embedded as a vector. One or more recurrent layers read these vectors in
    one direction or in both, a pooling layer reduces the hidden states of all tokens to one vector,
    and a dense head computes a logit for each class from it. The logits of a linear classifier on
    words and pairs of words, which is fitted first, are added (see `linear_ngrams`). The network is
    trained by AdamW on the cross-entropy, in mini-batches of texts of similar length.

    Put the classifier behind a :class:`TextTokenizer` in a scikit-learn Pipeline. The
    prediction for a text depends neither on its padding nor on the other texts that are predicted.

    Parameters
    ----------
    cell_type : {"lstm", "gru", "rnn"} or type, default="lstm"
        The recurrent cell, which computes the hidden state at a token from the token's vector and
        the previous hidden state: long short-term memory [1]_, gated recurrent unit [2]_, or a
        plain tanh unit. The gates of "lstm" and "gru" help to carry information over many tokens.

        A subclass of ``torch.nn.Module`` is a custom cell. It is constructed by
        ``Cell(input_size, hidden_size)``. Its ``forward(x_t, h)`` takes the input at one time step,
        of shape (n_texts, input_size), and the hidden state, of shape (n_texts, hidden_size), and
        returns the new hidden state. The class must be importable where a pickled model is loaded.
        Dropout inside a custom cell draws from torch's global random stream, which `random_state`
        does not control.

    hidden_size : int or tuple of int, default=64
        Number of hidden units of a recurrent layer, in each direction. An int is the size of all
        layers; a tuple has one size per layer, from the first layer to the last. Larger layers are
        slower and overfit sooner on few texts.

    num_layers : int or None, default=None
        Number of stacked recurrent layers. Each layer reads the hidden states of the layer before.
        None means one layer for each size in `hidden_size`, so one layer if `hidden_size` is an
        int. The time of a fit is about proportional to the number of layers.

    bidirectional : bool, default=True
        Whether each layer also reads the text backwards, from its last token to its first [3]_, so
        that the hidden states at a token also depend on the tokens after it. False saves about half
        of the time and weights of the recurrent layers.

    merge : {"concat", "sum"}, default="concat"
        How the hidden states of the two directions are combined at each token: concatenated to
        ``2 * hidden_size`` features, or summed to `hidden_size` features. Ignored if
        `bidirectional` is False.

    pooling : {"last", "max", "mean", "attention", "flatten"} or tuple of these, \
            default=("max", "mean")
        How the hidden states of the last layer are reduced to one vector per text. Padding is never
        included.

        - "last": the final hidden state of each direction;
        - "max", "mean": maximum or mean of each feature over the tokens;
        - "attention": a weighted mean over the tokens, whose weights are learned [4]_;
        - "flatten": the hidden states at all max_length positions, concatenated, with zeros at the
          padding. For texts in which a position has a meaning of its own.

        The vectors of a tuple of poolings are concatenated.

    embedding_dim : int, default=100
        Size of the embedding vector of a token. Ignored if `word_vectors` is given: the embedding
        then has the size of the pretrained vectors.

    word_vectors : WordVectors or None, default=None
        Pretrained vectors that initialise the embedding, as :func:`load_word_vectors` reads them.
        Pass the same object to the tokenizer, ``TextTokenizer(vocabulary=vectors)``, so that both
        use the same ids. Tokens without a pretrained vector start from random vectors; with None,
        all tokens do. Pretrained vectors are most useful where training texts are few.

    freeze_embeddings : bool, default=False
        True keeps the initial vectors of the embedding, pretrained and random ones; False trains
        them. Set True for hundreds of thousands of pretrained vectors: otherwise each step of the
        optimizer updates all of them.

    linear_ngrams : {0, 1, 2}, default=2
        Length, in tokens, of the longest n-grams of a linear classifier whose logits are added to
        those of the network. 1: single tokens; 2: pairs of adjacent tokens too; 0: no linear
        classifier. The linear classifier learns from few texts which words and pairs indicate a
        class, and the network learns to correct its errors. Set 0 for a plain recurrent network.

        It is a bag-of-n-grams classifier similar to NBSVM [11]_: its features are the n-grams of a
        text that occur in at least two training texts, scaled by their log-count ratios. It is
        fitted by L-BFGS before the network is trained.

        Its memory is bounded. Of more than 8 million coefficients, those of the most frequent
        n-grams are fitted. If the texts have more than 33 million n-grams together, as 100,000
        reviews have, the log-count ratios still come from all texts, and the coefficients are
        fitted to a random sample of the texts that has as many, for n-grams that at least about two
        texts of the sample have.

        While the network is trained, the logits of the linear classifier are out-of-fold
        predictions: the training texts are split into five folds, and the logits of a text come
        from a fit to the four folds without this text. A linear classifier is nearly always right
        on the texts that it was fitted to. Out-of-fold predictions are as often wrong as
        predictions on unseen texts, so that the network learns to correct such errors. This is
        stacking [13]_. Predictions for new texts use a fit to all training texts. With fewer than
        50 training texts per class, on average over the classes, there are no folds, and training
        uses the fit to all training texts too.

        With at least 500 training texts per class, on average, the recurrent layers also read
        n-gram scores: at each token, the embedding is extended by one channel per class. A channel
        holds the coefficient of the token for its class plus the coefficient of the pair that ends
        with the token, centred over the classes and scaled. In training, the coefficients are
        out-of-fold. The number of texts in the call that builds the network decides whether there
        are such channels; continued training does not add or remove them.

        If there are folds and no validation data, the biases of the output layer are refitted after
        the training, without dropout, to the logits of the network plus those of the linear
        classifier.

    word_dropout : float or "auto", default="auto"
        Probability, in [0, 1), that a token is replaced by the unknown word before it is embedded
        in training [12]_, so that the network does not rely on single words. The linear classifier
        and the n-gram score channels still use the token. It is also the probability that the
        vector of a character n-gram is left out. "auto" is 0.5, or 0.2 with ``linear_ngrams=0``.
        Lower it or set 0 where each word counts.

    embedding_dropout : float, default=0.5
        Probability, in [0, 1), that a channel of the embedding is set to zero in training, at all
        tokens of a text. The n-gram score channels are never dropped.

    dropout : float, default=0.5
        Probability, in [0, 1), that a feature is set to zero in training: between recurrent layers,
        in the pooled vector, and after each dense layer of `head_sizes`. Lower it if the training
        accuracy stays low; raise it if the training accuracy is far above the accuracy on unseen
        texts.

    head_sizes : tuple of int, default=()
        Number of units of each dense layer, with ReLU activation, between the pooled vector and the
        output layer. An empty tuple connects the pooled vector to the output layer directly.

    batch_norm : bool, default=False
        Whether to apply batch normalisation [5]_ to the input of each recurrent layer, to the
        pooled vector and to the input of each ReLU. The batch statistics exclude padding.
        Training then uses a single CPU core.

    max_epochs : int or "auto", default="auto"
        Number of epochs, that is, passes over the training texts. `early_stopping` may end the
        training sooner. "auto" is the number of epochs with 250 steps of the optimizer for each
        class, but at least 3, or 6 with ``linear_ngrams=0``; and at most 6, or 8 from ten classes
        on. Few texts and many classes need more epochs. With two classes and the default
        `batch_size` it is 6 for 700 training texts and 3 from 1,400 on. More epochs help where the
        label depends on word order, and overfit on other texts.

    batch_size : int or "auto", default="auto"
        Number of texts in a mini-batch. The optimizer takes one step per mini-batch. "auto" is the
        number of training texts divided by 256, at least 8 and at most 64: small batches give few
        texts more steps per epoch, and large batches take less time per text.

    learning_rate : float, default=2e-3
        Learning rate of AdamW [6]_. With ``lr_schedule="one_cycle"`` it is the peak. Lower it if
        the loss is unstable or not finite.

    weight_decay : float, default=0.0
        Decoupled weight decay [6]_: at each step of the optimizer, each weight of the network
        shrinks by this factor times the learning rate. Above 0 it regularises, as an L2 penalty
        does.

    gradient_clip : float or None, default=1.0
        Maximum norm of the gradient of all weights together. A larger gradient is scaled down to
        this norm before the step [7]_, which limits exploding gradients. None does not clip.

    lr_schedule : {"one_cycle", "plateau"} or None, default="one_cycle"
        Learning-rate schedule. "one_cycle" raises the rate over the first 30 % of the steps of
        `max_epochs` and lowers it to nearly zero at the last step [8]_. "plateau" halves it
        whenever the validation loss has not fallen for more than ``n_iter_no_change // 2``
        evaluations, and needs validation data. None keeps it constant. Choose "plateau" or None if
        early stopping is to end the training long before `max_epochs`.

    early_stopping : bool, default=False
        Whether to end the training when the validation score no longer improves (see
        `n_iter_no_change`). The validation data are X_val and y_val if given to `fit`, else a
        stratified `validation_fraction` of the training data. With validation data, the weights of
        the best evaluation are kept, whether training is stopped early or not; and with 100
        validation texts or more, unless a callback loads weights, the logits are divided by a
        temperature [14]_ that is fitted to them, which changes probabilities but no predicted
        label.

    validation_fraction : float, default=0.1
        Share of the training texts that `early_stopping` sets aside as validation data, in (0, 1).
        Ignored if X_val and y_val are given.

    scoring : {"accuracy", "loss"}, default="accuracy"
        Validation score that decides when `early_stopping` ends the training and which weights are
        kept: the highest accuracy, or the lowest cross-entropy. On few validation texts the loss
        is less noisy.

    n_iter_no_change : int, default=10
        `early_stopping` ends the training when more than this number of consecutive evaluations
        have not improved the validation score by `tol`. Raise `max_epochs` too: by default, the
        training ends after 3 to 8 epochs, which have too few evaluations.

    tol : float, default=1e-4
        Smallest improvement that counts for `n_iter_no_change`: the accuracy must be at least this
        much above the best one so far, or the loss this much below.

    evaluations_per_epoch : int, default=1
        Number of evaluations in each epoch, at equal intervals. `history_` has a row for each
        evaluation. Raise it if an epoch takes so long that the validation score may be best in the
        middle of an epoch.

    class_weight : {"balanced"}, dict of label to float, or None, default=None
        Weight of each class in the loss and in the validation score; it is multiplied by
        `sample_weight`. "balanced" gives all classes the same total weight, for data in which some
        classes are rare. A class that is not in a dict has weight 1. The keys of a dict are
        compared with the labels as Python compares them: 1 and 1.0 are equal, 1 and "1" are not.
        With None, all classes have weight 1.

    label_smoothing : float, default=0.0
        Share of the target probability that is spread evenly over all classes, in [0, 1) [9]_: with
        two classes, 0.1 turns the targets 1 and 0 into 0.95 and 0.05. It makes predicted
        probabilities less extreme than the share of correct predictions. It also applies to the
        linear classifier and the validation loss.

    warm_start : bool, default=False
        True makes `fit` continue to train the existing network. The classes and the parameters that
        determine the architecture must not have changed; the embedding grows with new ids. False
        makes `fit` train a new network. Ids must keep their tokens: to fit a Pipeline on new texts
        as a continuation, set `warm_start` of the :class:`TextTokenizer` too.

    random_state : int, RandomState instance or None, default=None
        Controls the initial weights, the folds, the order of mini-batches, dropout and the
        validation split. An int makes a fit repeatable to the last bit on the same machine, in any
        process and with any `n_jobs`. None draws a seed from NumPy's global random stream, as in
        scikit-learn; other global random streams are left as they are.

    verbose : int, default=0
        0 prints nothing; 1 shows a progress bar and prints a line per evaluation.

    device : {"auto", "cpu", "cuda"} or "cuda:N", default="auto"
        Device to compute on. "auto" is a GPU if there is one, else the CPU; with several GPUs,
        joblib's worker processes use the GPUs in turn. `warm_start` and `partial_fit` continue on
        the device of the first fit.

    record_gradients : bool, default=False
        Whether to record the size of the gradients of each layer at each step of the optimizer, in
        `gradient_flow_`, which shows vanishing and exploding gradients.

    precision : {"auto", "float32", "bfloat16"}, default="auto"
        Floating-point format in which recurrent layers and pooling compute during training. The
        weights and all predictions are float32. "bfloat16" is mixed-precision training [10]_, which
        is faster where the hardware supports it. "auto" is "bfloat16" on a GPU that supports it,
        and on a CPU with AMX or AVX512-BF16 for an LSTM, or for a GRU with a layer of 128 units or
        more; else "float32".

    callbacks : list of skorch callbacks or None, default=None
        Callbacks that are called during training, as in :class:`skorch.NeuralNet`. An item may also
        be a callback class, or a pair of a name and a callback. A pickle of the classifier includes
        the callbacks. To a callback, an evaluation interval is an epoch (see
        `evaluations_per_epoch`), X are ids, and y are indices of `classes_`.

        `LRScheduler` needs ``lr_schedule=None``. With validation data, a callback with
        ``load_best=True`` decides which weights are kept, in place of `scoring`. A callback that
        would have no effect is refused: one that reads validation data if there is none, and
        `InputShapeSetter`.

    checkpoint_path : str, path-like or None, default=None
        File for the state of `fit`, so that a fit that takes long survives the end of its process:
        the same call of `fit`, in a new process, goes on after the last complete epoch, and ends
        with the same model to the last bit. The state is written after each epoch. Another file
        beside it, whose name ends in ".linear", has the linear classifier, and is written once. A
        fit that is complete removes both; after an interrupt from the keyboard they stay. None
        writes no files.

        The state is that of one fit: the same parameters (`verbose` may differ), data and versions.
        `random_state` must not be None. If the file has the state of another fit, `fit` raises an
        error that says how they differ. Where one estimator is fitted many times, as in a search,
        put ``{fit}`` into the path: a name of the fit replaces it, so that each fit has a file of
        its own. `partial_fit` does not use it.

        Callbacks without state of their own go on as if there had been no interruption, as do
        skorch's scoring, logging and `LRScheduler` per epoch. `EarlyStopping`, `LoadInitState` and
        any other `LRScheduler` are refused. Other callbacks start anew, after the epochs that are
        in the history already.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The sorted labels.

    n_features_in_ : int
        Number of columns of X: the maximum length of a text, in tokens.

    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the columns. Only if X is a DataFrame whose column names are all strings.

    net_ : skorch.NeuralNetClassifier
        The trained network as a skorch net, for inspection and prediction; `net_.module_` is the
        torch module, which computes logits from tensors of ids. ``net_.predict`` returns class
        indices, not labels. Training goes through the classifier, by `fit`, `partial_fit` and
        `warm_start`: methods of `net_` that train or initialise, and parameters that the classifier
        sets, raise an error that says what to use instead.

    n_epochs_ : int or float
        Number of epochs trained, including those before a warm start.

    best_epoch_ : int or float
        The epoch whose weights were kept: the one with the best validation score (see `scoring`);
        ties are broken by the other score. Only with validation data. Without it, the weights after
        the last epoch are kept.

    history_ : pandas.DataFrame of shape (n_evaluations, 6)
        One row per evaluation, which is one per epoch by default. The index, `epoch`, is the number
        of epochs completed. Columns: `train_loss` and `train_accuracy`, means since the previous
        row, with dropout and while the weights change; `valid_loss` and `valid_accuracy`, NaN
        without validation data; `learning_rate`, at the evaluation; and `seconds`, since the
        previous row. Losses are cross-entropies in nats, with `label_smoothing`. Losses and
        accuracies are weighted by `sample_weight` and `class_weight`.

    gradient_flow_ : pandas.DataFrame of shape (n_steps * n_layers, 2)
        Mean and maximum of the absolute gradient before clipping, in the columns `mean` and `max`,
        indexed by optimizer step and layer. Only if the last `fit` or `partial_fit` had
        ``record_gradients=True``; earlier steps are not included.

    n_parameters_ : int
        Number of learned parameters: the weights of the network, without a frozen embedding, and
        the coefficients and biases of the linear classifier.

    See Also
    --------
    TextTokenizer : Turns texts into the rows of ids.
    sklearn.neural_network.MLPClassifier : A network without recurrence, for feature vectors.

    Notes
    -----
    An id that neither occurs in the training data nor has a pretrained vector is read as the
    unknown word, id 1. The vector of the unknown word is learned from the tokens that
    `word_dropout` replaces, and from the words that `TextTokenizer` leaves out of the vocabulary as
    too rare. A 0 after the last token of a row is padding; a 0 before the last token is a token
    whose vector is zero.

    A pickle stores the network as arrays, without optimizer state and without objects of torch or
    skorch other than `callbacks`. It loads under other versions of torch and skorch, and without
    the GPU that the model was fitted on.

    If one batch holds all texts, a text of weight 2 gives the same model as a text given twice, to
    the last bit. With several batches this holds on average only.

    Inside an initialised process group of `torch.distributed`, `fit` and `partial_fit` are
    data-parallel: all ranks call them, divide the micro-batches of each mini-batch and the fits of
    the linear classifier, and end with the same weights. On CPUs these are those of a single
    process, to the last bit. On GPUs, each rank uses the GPU ``LOCAL_RANK``, and a mini-batch has
    as many micro-batches as there are ranks. Ranks that hold the same texts and labels train on
    them; ranks that hold different texts, transformed by one fitted tokenizer, train on all of
    them, in the order of the ranks, and each receives the ids of all. The first rank prints, warns
    and calls the callbacks of skorch that print or write files; callbacks of your own are called on
    all ranks. An error on one rank, a rank that dies and a keyboard interrupt end the fit on all
    ranks with an error. Predictions are not divided, and neither are fits in worker processes of
    joblib, which are in no process group.

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
    .. [14] Guo et al. (2017), On calibration of modern neural networks. arXiv:1706.04599

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

    __module__ = "sklearn_rnn"  # its name in files of models, wherever the class is defined

    classes_: np.ndarray
    n_features_in_: int
    feature_names_in_: np.ndarray
    net_: RecurrentNet
    n_epochs_: float
    best_epoch_: float
    history_: pd.DataFrame
    gradient_flow_: pd.DataFrame
    n_parameters_: int
    _numbering: bytes | None = None

    _parameter_constraints: dict[str, list[Any]] = {
        "cell_type": [StrOptions(set(RECURRENCES)), type],
        "hidden_size": [_SIZE, tuple],
        "num_layers": [Interval(Integral, 1, 1000, closed="both"), None],
        "bidirectional": ["boolean"],
        "merge": [StrOptions({"concat", "sum"})],
        "pooling": [StrOptions(set(POOLINGS)), tuple],
        "embedding_dim": [_SIZE],
        "word_vectors": [WordVectors, None],
        "freeze_embeddings": ["boolean"],
        "linear_ngrams": [Interval(Integral, 0, 2, closed="both")],
        "word_dropout": [Interval(Real, 0, 1, closed="left"), StrOptions({"auto"})],
        "embedding_dropout": [Interval(Real, 0, 1, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "head_sizes": [tuple],
        "batch_norm": ["boolean"],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"})],
        "batch_size": [Interval(Integral, 1, 2**31 - 1, closed="both"), StrOptions({"auto"})],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "gradient_clip": [Interval(Real, 0, None, closed="neither"), None],
        "lr_schedule": [StrOptions(SCHEDULES.keys() - {None}), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "scoring": [StrOptions({"accuracy", "loss"})],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "evaluations_per_epoch": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [
            StrOptions({"balanced"}),
            Satisfies(_is_dict_of_weights, f"a dict whose values are each {_WEIGHT}"),
            None,
        ],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
        "warm_start": ["boolean"],
        "random_state": RANDOM_STATE,
        "verbose": ["boolean", Interval(Integral, 0, None, closed="left")],
        "device": [str],
        "record_gradients": ["boolean"],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "callbacks": [list, None],
        "checkpoint_path": [str, os.PathLike, None],
    }

    def __init__(
        self,
        *,
        cell_type: Literal["lstm", "gru", "rnn"] | type[torch.nn.Module] = "lstm",
        hidden_size: int | tuple[int, ...] = 64,
        num_layers: int | None = None,
        bidirectional: bool = True,
        merge: Literal["concat", "sum"] = "concat",
        pooling: PoolingName | tuple[PoolingName, ...] = ("max", "mean"),
        embedding_dim: int = 100,
        word_vectors: WordVectors | None = None,
        freeze_embeddings: bool = False,
        linear_ngrams: Literal[0, 1, 2] = 2,
        word_dropout: float | Literal["auto"] = "auto",
        embedding_dropout: float = 0.5,
        dropout: float = 0.5,
        head_sizes: tuple[int, ...] = (),
        batch_norm: bool = False,
        max_epochs: int | Literal["auto"] = "auto",
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: float = 2e-3,
        weight_decay: float = 0.0,
        gradient_clip: float | None = 1.0,
        lr_schedule: ScheduleName | None = "one_cycle",
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        scoring: Literal["accuracy", "loss"] = "accuracy",
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        evaluations_per_epoch: int = 1,
        class_weight: Literal["balanced"] | dict[Any, float] | dict[Any, int] | None = None,
        label_smoothing: float = 0.0,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        verbose: int = 0,
        device: str = "auto",
        record_gradients: bool = False,
        precision: Literal["auto", "float32", "bfloat16"] = "auto",
        callbacks: list[Any] | None = None,  # of skorch, which has no annotations
        checkpoint_path: str | os.PathLike[str] | None = None,
    ) -> None:
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
        self.checkpoint_path = checkpoint_path

    @data_parallel
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None = None,
        *,
        X_val: npt.ArrayLike | None = None,
        y_val: npt.ArrayLike | None = None,
        sample_weight_val: npt.ArrayLike | None = None,
    ) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids, as `TextTokenizer` returns them. A memory-mapped file of int32 or of a
            smaller integer type, as ``numpy.load(path, mmap_mode="r")`` opens it, is read in
            blocks and not copied on the CPU: it may be larger than memory.
        y : array-like of shape (n_samples,)
            Labels: strings, numbers or booleans, in a sequence, an array or a Series of any
            library. They keep their kind: nullable and Arrow integers are integers in `classes_`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the texts in the loss. None: all 1. A text of weight 0 is left out.
        X_val : array-like of int of shape (n_val, max_length), default=None
            Right-padded ids of the validation data, which replace a part of X. With
            ``Pipeline(transform_input=["X_val"])`` the Pipeline tokenizes validation texts.
        y_val : array-like of shape (n_val,), default=None
            Labels of the validation data.
        sample_weight_val : array-like of shape (n_val,), default=None
            Weights of the validation texts. None: all 1.

        Returns
        -------
        self : RNNTextClassifier
            The fitted classifier.

        Raises
        ------
        TypeError
            If X, y, a weight or validation data is not in memory.
        ValueError
            If the data is invalid, has a single class, or is too small to be split; if a parameter
            is invalid, or parameters contradict each other or the data; if the device is not found;
            if the loss or a weight is not finite at the first evaluation; or with
            ``warm_start=True``, if ids of X stand for other tokens than in earlier training, as
            after another `fit` of the tokenizer.
        MemoryError
            If the network and its gradients do not fit into the memory of the device.
        OSError
            If the file of `checkpoint_path` cannot be written, or the disk is too full for it.
        KeyboardInterrupt
            If interrupted before the training begins, which leaves the classifier as it was; or if
            training is interrupted and a library or another estimator called `fit`, for example a
            search, which ends with it. Pipelines and programs that run code, such as IPython, are
            none of these. What was trained is kept.

        Warns
        -----
        ConvergenceWarning
            If the loss or a weight is not finite at a later evaluation. The best weights so far are
            kept.
        UserWarning
            If training is interrupted from the keyboard. What was trained is kept: the current
            weights or, with validation data, the best weights so far. Also if ids of X_val stand
            for other tokens than in X; or if a checkpoint cannot be written after an epoch, as on a
            disk that has become full: training goes on.
        """
        return self._train(self._check_fit(X, y, sample_weight, X_val, y_val, sample_weight_val))

    @data_parallel
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None = None,
        sample_weight: npt.ArrayLike | None = None,
    ) -> Self:
        """Train for one epoch on part of the data, at a constant learning rate.

        The embedding grows with new ids, and the linear term with new n-grams. For texts with new
        words, call :meth:`TextTokenizer.partial_fit` first, which keeps the ids of all others.
        There is no validation data, so the weights are those after the epoch; `max_epochs`,
        `lr_schedule` and `evaluations_per_epoch` are not used.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids, of the same width at every call.
        y : array-like of shape (n_samples,)
            Labels.
        classes : array-like of shape (n_classes,), default=None
            All labels of this and of all later calls. Required at the first call, optional
            afterwards.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the texts in the loss. None: all 1.

        Returns
        -------
        self : RNNTextClassifier
            The fitted classifier.

        Raises
        ------
        TypeError, MemoryError
            As for `fit`.
        ValueError
            As for `fit`; if `classes` is missing at the first call or differs later; if y has a
            label that is not in `classes`; if ids of X stand for other tokens than in earlier
            calls; or with ``early_stopping=True`` or
            ``class_weight="balanced"``, which need all of the data.
        KeyboardInterrupt
            As for `fit`.

        Warns
        -----
        ConvergenceWarning, UserWarning
            As for `fit`.
        """
        return self._train(self._check_partial_fit(X, y, classes, sample_weight))

    def _check_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        sample_weight: npt.ArrayLike | None,
        X_val: npt.ArrayLike | None,
        y_val: npt.ArrayLike | None,
        sample_weight_val: npt.ArrayLike | None,
    ) -> TrainingTask:
        parameters = python_values(self)
        resume = parameters.warm_start and hasattr(self, "net_")
        numbering = continue_numbering(self._numbering if resume else None, X)
        training, classes = check_training_data(X, y, sample_weight, estimator=self)
        if resume:
            self._check_resumable(X, classes)
        random_state = shared_random_state(parameters.random_state)
        validation = check_validation_data(
            X_val,
            y_val,
            sample_weight_val,
            classes=classes,
            n_columns=training.ids.shape[1],
            estimator=self,
        )
        warn_of_other_numbering(numbering, X_val, name="X_val", result="validation scores")
        if validation is None and parameters.early_stopping:
            training, validation = split_validation(
                training, parameters.validation_fraction, classes, random_state
            )
        if validation is None and SCHEDULES[parameters.lr_schedule].needs_validation:
            raise ValueError(
                f"lr_schedule={parameters.lr_schedule!r} needs the validation loss, but there is "
                "no validation data. Pass X_val and y_val to fit, or set early_stopping=True."
            )
        return self._make_task(
            X,
            training,
            validation,
            parameters=parameters,
            classes=classes,
            numbering=numbering,
            max_epochs=parameters.max_epochs,
            lr_schedule=parameters.lr_schedule,
            evaluations_per_epoch=parameters.evaluations_per_epoch,
            seed=random_state.randint(np.iinfo(np.int32).max),
            resume=resume,
            accumulate=False,
            checkpoint_path=self.checkpoint_path,
        )

    def _check_partial_fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        classes: npt.ArrayLike | None,
        sample_weight: npt.ArrayLike | None,
    ) -> TrainingTask:
        parameters = python_values(self)
        if parameters.early_stopping or parameters.class_weight == "balanced":
            raise ValueError(
                "partial_fit sees part of the data, and early_stopping=True and "
                "class_weight='balanced' need all of it. Use fit, or give class_weight as a dict."
            )
        resume = hasattr(self, "net_")
        numbering = continue_numbering(self._numbering if resume else None, X)
        training, classes = check_training_data(
            X,
            y,
            sample_weight,
            estimator=self,
            classes=check_partial_fit_classes(classes, getattr(self, "classes_", None)),
        )
        if resume:
            self._check_columns(X)
        return self._make_task(
            X,
            training,
            None,
            parameters=parameters,
            classes=classes,
            numbering=numbering,
            max_epochs=1,
            lr_schedule=None,
            evaluations_per_epoch=1,
            seed=shared_random_state(parameters.random_state).randint(np.iinfo(np.int32).max),
            resume=resume,
            accumulate=True,
            checkpoint_path=None,
        )

    def _check_columns(self, X: npt.ArrayLike) -> None:
        """Raise a ValueError unless X has the columns of the training data."""
        try:
            validate_data(self, X, reset=False, skip_check_array=True)
        except ValueError as error:
            error.add_note(
                "The fit of a TextTokenizer sets the number of columns. Transform all texts with "
                "the same fitted TextTokenizer, or set its max_length to an integer."
            )
            raise

    def _check_resumable(self, X: npt.ArrayLike, classes: np.ndarray) -> None:
        self._check_columns(X)
        if not np.array_equal(classes, self.classes_):
            raise ValueError(
                f"warm_start=True continues the training for the classes {self.classes_.tolist()}, "
                f"but y has {classes.tolist()}. Set warm_start=False to train a new network."
            )

    def _make_task(
        self,
        X: npt.ArrayLike,
        training: TrainingData,
        validation: TrainingData | None,
        *,
        parameters: SimpleNamespace,
        classes: np.ndarray,
        resume: bool,
        max_epochs: int | Literal["auto"],
        **settings: Any,
    ) -> TrainingTask:
        has_some = has_characters(training.ids)
        reads_characters = self.net_.reads_characters if resume else has_some
        if has_some and not reads_characters:
            raise ValueError(
                "X has characters after its words, and the network was trained without. Pass ids "
                "of a TextTokenizer with add_characters=False, or call fit with warm_start=False "
                "to train a new network."
            )
        known_ids = known_ids_table(
            training.ids,
            self.net_.known_ids_ if resume else None,
            word_vectors=parameters.word_vectors,
        )
        batch_size = choose_batch_size(parameters.batch_size, len(training))
        with invalid_parameters():  # class_weight has been checked without the classes
            training, validation = prepare_data(
                training,
                validation,
                classes=classes,
                class_weight=parameters.class_weight,
                known_ids=known_ids,
                reads_characters=reads_characters,
                batch_size=batch_size,
            )
        return TrainingTask(
            training=training,
            validation=validation,
            parameters=parameters,
            classes=classes,
            known_ids=known_ids,
            feature_attributes={} if resume else feature_attributes(X),
            batch_size=batch_size,
            max_epochs=choose_max_epochs(
                max_epochs,
                n_samples=len(training),
                batch_size=batch_size,
                n_classes=len(classes),
                has_linear_term=parameters.linear_ngrams > 0,
            ),
            resume=resume,
            **settings,
        )

    def _train(self, task: TrainingTask) -> Self:
        """Train a new net or the existing one, and set the fitted attributes.

        If training raises an error, the fitted attributes and the weights are the same afterwards,
        but the embedding keeps the rows for new ids.
        """
        architecture = self._plan(task)
        net = (self._resume_net if task.resume else self._start_net)(architecture, task)
        result = self._train_net(net, architecture, task)
        share_weights(net.module_)
        before = self.history_ if task.resume else make_history([])
        if result.loaded is not None:
            before = make_history(result.loaded)
        epochs_before = before.index[-1] if len(before) else 0
        history = make_history(result.evaluations, epochs_before)
        end = TrainingEnd(
            diverged=result.diverged,
            interrupted=result.interrupted,
            best_evaluation=result.best_evaluation,
            epochs=history.index.tolist(),
            epochs_before=epochs_before,
            max_epochs=task.max_epochs,
            learning_rate=task.parameters.learning_rate,
            gradient_clip=task.parameters.gradient_clip,
        )
        end.check()
        history = pd.concat([before, history]) if len(before) else history
        self._set_fitted(task, architecture, net, result, history)
        end.report()
        return self

    def _plan(self, task: TrainingTask) -> Architecture:
        with invalid_parameters():
            architecture = plan_architecture(
                vars(task.parameters),
                n_tokens=len(task.known_ids) - 1,
                n_classes=len(task.classes),
                max_length=task.training.ids.shape[1],
                n_training_texts=len(task.training),
                reads_characters=has_characters(task.training.ids),
            )
        if not task.resume:
            return architecture
        check_same_architecture(self._architecture, architecture)
        return replace(self._architecture, n_tokens=architecture.n_tokens)

    def _start_net(self, architecture: Architecture, task: TrainingTask) -> RecurrentNet:
        with invalid_parameters():
            device = resolve_device(task.parameters.device)
        check_memory(architecture, device)
        net = build_net(architecture, seed=task.seed, device=device, **self._net_parameters(task))
        if self.word_vectors is not None:
            net.set_word_vectors(self.word_vectors.matrix)
        return net

    def _resume_net(self, architecture: Architecture, task: TrainingTask) -> RecurrentNet:
        if self.word_vectors != self._initial_vectors:
            raise ValueError(
                "Training cannot continue, because word_vectors has changed: the network was "
                f"built with {self._initial_vectors}, and the parameter is now "
                f"{self.word_vectors}. Set warm_start=False and call fit to build a new one."
            )
        self.net_.grow_embedding(architecture.n_tokens, seed=task.seed)
        return self.net_

    def _net_parameters(self, task: TrainingTask | None = None) -> dict[str, Any]:
        """Return the net's parameters: for a training or, if `task` is None, for a loaded model."""
        with invalid_parameters():
            check_callbacks(self.callbacks)
            if task is not None:
                check_effects(self.callbacks, task)
        parameters = python_values(self) if task is None else task.parameters
        source = parameters if task is None else task
        max_epochs = MIN_EPOCHS if source.max_epochs == "auto" else source.max_epochs
        return {
            "lr": parameters.learning_rate,
            "optimizer__weight_decay": parameters.weight_decay,
            "gradient_clip": parameters.gradient_clip,
            "early_stopping": parameters.early_stopping,
            "scoring": parameters.scoring,
            "n_iter_no_change": parameters.n_iter_no_change,
            "tol": parameters.tol,
            "record_gradients": parameters.record_gradients,
            "label_smoothing": parameters.label_smoothing,
            "verbose": 0 if is_silent() else int(parameters.verbose),
            "callbacks": callbacks_of_rank(parameters.callbacks),
            "max_epochs": max_epochs,
            "lr_schedule": source.lr_schedule,
            "evaluations_per_epoch": source.evaluations_per_epoch,
        } | ({} if task is None else {"batch_size": task.batch_size})

    def _train_net(
        self, net: RecurrentNet, architecture: Architecture, task: TrainingTask
    ) -> TrainingResult:
        dtype = resolve_precision(
            task.parameters.precision,
            torch.device(net.device),
            cell_type=architecture.cell_type,
            hidden_sizes=architecture.hidden_sizes,
        )
        with invalid_parameters():
            checkpoint = open_checkpoint(task, net, dtype)
        result = net.train(
            task.training,
            task.validation,
            parameters=self._net_parameters(task),
            known_ids=task.known_ids,
            accumulate=task.accumulate,
            seed=(task.seed, len(self.history_) if task.resume else 0),
            dtype=dtype,
            checkpoint=checkpoint,
        )
        if checkpoint is not None and not result.interrupted:
            checkpoint.remove()
        return result

    def _set_fitted(
        self,
        task: TrainingTask,
        architecture: Architecture,
        net: RecurrentNet,
        result: TrainingResult,
        history: pd.DataFrame,
    ) -> None:
        for name in ("best_epoch_", "gradient_flow_"):
            self.__dict__.pop(name, None)
        if not task.resume:
            self.__dict__.pop("feature_names_in_", None)
        self.__dict__.update(task.feature_attributes)
        self.classes_ = task.classes
        self._numbering = task.numbering
        self._architecture = architecture
        self._initial_vectors = self.word_vectors
        self.net_ = net
        self.history_ = history
        self.n_epochs_ = history.index[-1].item() if len(history) else 0
        self.n_parameters_ = count_trained(net.module_)
        if task.validation is not None and result.best_evaluation is not None:
            # A negative row: the rows of this training are at the end of the history.
            row = result.best_evaluation - len(result.evaluations) - 1
            self.best_epoch_ = history.index[row].item()
        if result.gradient_flow is not None:
            self.gradient_flow_ = result.gradient_flow.to_frame()

    def summary(self) -> pd.DataFrame:
        """List the layers of the network.

        Returns
        -------
        summary : pandas.DataFrame
            A row per `layer`, in the order of the computation: `output_shape` for one text of the
            maximum length, and `n_parameters`, including those of a frozen embedding.

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
        layers.0          (3, 8)           448
        poolings           (16,)             0
        output              (2,)            34
        linear_term         (2,)             6
        """
        check_is_fitted(self)
        return summarize(self.net_.module_, self.n_features_in_)

    def decision_function(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Compute the logits.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        scores : ndarray of float32 of shape (n_samples,) or (n_samples, n_classes)
            With two classes, the log-odds of ``classes_[1]``; else a logit for each class.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If X is sparse or not in memory.
        ValueError
            If X is invalid, as in `fit`, or has another number of columns than in training.

        Warns
        -----
        UserWarning
            If ids of X stand for other tokens than in training.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Predict the label of each text.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Labels, of the same type as in fit.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If X is sparse or not in memory.
        ValueError
            If X is invalid, as in `fit`, or has another number of columns than in training.

        Warns
        -----
        UserWarning
            If ids of X stand for other tokens than in training.
        """
        indices = self._logits(X).argmax(axis=1)
        return self.classes_[indices]

    def predict_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Predict the probability of each class.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of ``classes_``.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If X is sparse or not in memory.
        ValueError
            If X is invalid, as in `fit`, or has another number of columns than in training.

        Warns
        -----
        UserWarning
            If ids of X stand for other tokens than in training.
        """
        return torch.from_numpy(self._logits(X)).double().softmax(1).numpy()

    def predict_log_proba(self, X: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Predict the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.

        Returns
        -------
        log_probabilities : ndarray of float64 of shape (n_samples, n_classes)
            In the order of ``classes_``. Finite even for a probability that rounds to zero.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If X is sparse or not in memory.
        ValueError
            If X is invalid, as in `fit`, or has another number of columns than in training.

        Warns
        -----
        UserWarning
            If ids of X stand for other tokens than in training.
        """
        return torch.from_numpy(self._logits(X)).double().log_softmax(1).numpy()

    def score(
        self, X: npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
    ) -> float:
        """Compute the accuracy of the predicted labels.

        Parameters
        ----------
        X : array-like of int of shape (n_samples, max_length)
            Right-padded ids.
        y : array-like of shape (n_samples,)
            The true labels.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the texts. None: all 1.

        Returns
        -------
        accuracy : float
            The share of the texts whose predicted label is the true label.

        Raises
        ------
        NotFittedError
            If the classifier is not fitted.
        TypeError
            If X is sparse, or X or y is not in memory.
        ValueError
            If X, y or sample_weight is invalid, or if they differ in length.

        Warns
        -----
        UserWarning
            If ids of X stand for other tokens than in training.
        """
        return super().score(X, check_labels(y, name="y"), sample_weight)

    def _logits(self, X: npt.ArrayLike) -> npt.NDArray[np.float32]:
        check_is_fitted(self)
        ids = check_ids(X, estimator=self)
        self._check_columns(X)
        warn_of_other_numbering(self._numbering, X, name="X", result="predictions")
        return self.net_.logits(ids)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state as plain containers and NumPy arrays, without net and DataFrames.

        A model that was fitted on a GPU loads without one, and a model that was saved under one
        version of torch or skorch loads under another. The optimizer's moments are left out: after
        a load, `partial_fit` and `warm_start` begin with a new optimizer.
        """
        state = dict(super().__getstate__())
        if type(state.get("class_weight")) is dict:
            # Keys of a dict are str in a file of skops, which would make one key of True and False.
            state["_class_weight"] = list(state.pop("class_weight").items())
        if state.get("checkpoint_path") is not None:
            # A Path of one system cannot be loaded on another.
            state["checkpoint_path"] = os.fsdecode(state["checkpoint_path"])
        if "net_" in state:
            state["_architecture"] = asdict(self._architecture)
            state["net_"] = {
                "weights": self.net_.get_weights(),
                "known_ids": np.asarray(self.net_.known_ids_),
                "history": self.net_.get_history(),
            }
            for name in state.keys() & TABLES:
                state[name] = state[name].to_dict("tight") | {"data": state[name].to_numpy()}
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Rebuild the net and the DataFrames. The net is on the CPU if `device` does not exist."""
        with damaged_state("RNNTextClassifier"):
            state = dict(state)
            if "_class_weight" in state:
                state["class_weight"] = dict(state.pop("_class_weight"))
            super().__setstate__({"checkpoint_path": None} | state)  # not in older pickles
            if "net_" in state:
                self._rebuild(state)

    def _rebuild(self, state: dict[str, Any]) -> None:
        architecture = state["_architecture"]
        if not isinstance(architecture, Architecture):  # it is one in older pickles
            architecture = Architecture(**architecture)
        self._architecture = architecture
        weights = state["net_"]["weights"]
        # A failed training may have left the embedding larger than in `_architecture`.
        architecture = replace(architecture, n_tokens=len(weights["embedding.weight"]))
        check_sizes(architecture, weights)
        self.net_ = build_net(
            architecture,
            seed=0,
            device=available_device(python_values(self).device),
            weights=weights,
            **self._net_parameters(),
        )
        self.net_.known_ids_ = state["net_"]["known_ids"]
        self.net_.history.extend(state["net_"]["history"])
        for name in state.keys() & TABLES:
            setattr(self, name, pd.DataFrame.from_dict(state[name], orient="tight"))

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        return tags
