"""Names of the types and functions that a file of a model may hold.

skops trusts NumPy's arrays, Python's containers and the public estimators of scikit-learn by
itself. A file can construct what is listed here with any arguments: a name belongs here only if
that is harmless. Missing are, for example, trees, whose nodes scikit-learn follows without a check
of bounds, and sparse matrices, whose constructor allocates any shape.
"""

# The public name of each class of this package, which `__module__` sets: it stays when files move.
_OWN = (
    "sklearn_rnn.RNNTextClassifier",
    "sklearn_rnn.TextTokenizer",
    "sklearn_rnn.WordVectors",
    "sklearn_rnn.baselines.LogCountRatioTransformer",
)

_CONTAINERS = (
    "builtins.frozenset",
    "builtins.range",
    "collections.OrderedDict",
    "numpy.dtype",
    "numpy.ma.MaskedArray",
    "sklearn.utils._bunch.Bunch",
)

_META_ESTIMATORS = (
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.calibration._TemperatureScaling",
    "sklearn.compose._column_transformer._RemainderColsList",
    "sklearn.model_selection._search_successive_halving.HalvingGridSearchCV",
    "sklearn.model_selection._search_successive_halving.HalvingRandomSearchCV",
    "sklearn.model_selection._search_successive_halving._SubsampleMetaSplitter",
    "sklearn.multiclass._ConstantPredictor",
    "sklearn.utils._metadata_requests.MetadataRequest",
    "sklearn.utils._metadata_requests.MethodMetadataRequest",
)

_SPLITTERS = tuple(
    f"sklearn.model_selection._split.{name}"
    for name in (
        "GroupKFold",
        "GroupShuffleSplit",
        "KFold",
        "LeaveOneGroupOut",
        "LeaveOneOut",
        "LeavePGroupsOut",
        "LeavePOut",
        "PredefinedSplit",
        "RepeatedKFold",
        "RepeatedStratifiedKFold",
        "ShuffleSplit",
        "StratifiedGroupKFold",
        "StratifiedKFold",
        "StratifiedShuffleSplit",
        "TimeSeriesSplit",
        "_CVIterableWrapper",
    )
)

_SCORERS = (
    "sklearn.metrics._scorer._CurveScorer",
    "sklearn.metrics._scorer._MultimetricScorer",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
)

# The metrics of scikit-learn's scorers for classifiers.
TRUSTED_FUNCTIONS = tuple(
    f"sklearn.metrics.{name}"
    for name in (
        "_classification.accuracy_score",
        "_classification.balanced_accuracy_score",
        "_classification.brier_score_loss",
        "_classification.cohen_kappa_score",
        "_classification.f1_score",
        "_classification.fbeta_score",
        "_classification.jaccard_score",
        "_classification.log_loss",
        "_classification.matthews_corrcoef",
        "_classification.precision_score",
        "_classification.recall_score",
        "_ranking.average_precision_score",
        "_ranking.roc_auc_score",
        "_ranking.top_k_accuracy_score",
    )
)

TRUSTED_TYPES: tuple[str, ...] = tuple(
    sorted((*_OWN, *_CONTAINERS, *_META_ESTIMATORS, *_SPLITTERS, *_SCORERS, *TRUSTED_FUNCTIONS))
)
