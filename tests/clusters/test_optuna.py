"""Searches of Optuna: OptunaSearchCV, and a study that prunes trials through partial_fit."""

import numpy as np
import pytest
from numpy.testing import assert_equal

from sklearn_rnn import RNNTextClassifier, TextTokenizer

optuna = pytest.importorskip("optuna", reason="nox -s clusters installs it")
from joblib import parallel_config  # noqa: E402
from optuna.distributions import FloatDistribution, IntDistribution  # noqa: E402
from optuna.pruners import MedianPruner  # noqa: E402
from optuna.samplers import TPESampler  # noqa: E402
from optuna.trial import TrialState  # noqa: E402
from optuna_integration import OptunaSearchCV  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

# The warnings of Optuna are not ours.
pytestmark = pytest.mark.filterwarnings("default")

TEXTS = ["a good film", "so good", "a bad film", "so bad"] * 30
LABELS = ["praise", "praise", "blame", "blame"] * 30
N_EPOCHS = 4


def make_classifier(**parameters):
    return RNNTextClassifier(
        **{"embedding_dim": 4, "hidden_size": 4, "max_epochs": 1, "batch_size": 20},
        **{"linear_ngrams": 0, "random_state": 0, "device": "cpu"},
        **parameters,
    )


def search_pipeline():
    pipeline = make_pipeline(TextTokenizer(), make_classifier())
    parameters = {
        "rnntextclassifier__hidden_size": IntDistribution(2, 6),
        "rnntextclassifier__learning_rate": FloatDistribution(1e-3, 1e-1, log=True),
    }
    search = OptunaSearchCV(pipeline, parameters, cv=2, n_trials=3, random_state=0)
    search.fit(TEXTS, LABELS)
    return search.best_params_, search.best_score_, search.predict_proba(TEXTS)


def test_optuna_search_gives_the_serial_results_on_a_cluster(dask_client):
    with parallel_config("dask"):  # the folds of a trial are the jobs
        found = search_pipeline()
    assert_equal(found, search_pipeline())


def test_optuna_search_prunes_through_partial_fit():
    ids = TextTokenizer().fit_transform(TEXTS)
    search = OptunaSearchCV(
        make_classifier(),
        {"learning_rate": FloatDistribution(1e-6, 1e-1, log=True)},
        cv=2,
        enable_pruning=True,
        scoring="neg_log_loss",
        max_iter=N_EPOCHS,
        n_trials=6,
        random_state=0,
        study=optuna.create_study(
            direction="maximize",
            pruner=MedianPruner(n_startup_trials=1),
            sampler=TPESampler(seed=0),
        ),
    )
    search.fit(ids, LABELS)
    states = [trial.state for trial in search.trials_]
    assert TrialState.PRUNED in states
    assert TrialState.COMPLETE in states
    assert search.best_score_ == max(t.value for t in search.trials_ if t.value is not None)


def test_a_study_prunes_trials_between_epochs():
    ids = TextTokenizer().fit_transform(TEXTS)
    rows = np.arange(len(TEXTS)) % 3 == 0
    labels = np.asarray(LABELS)
    rates = [3e-2, 1e-6, 1e-6]

    def objective(trial):
        classifier = make_classifier(learning_rate=rates[trial.number])
        for epoch in range(N_EPOCHS):
            classifier.partial_fit(ids[~rows], labels[~rows], classes=np.unique(labels))
            score = -log_loss(labels[rows], classifier.predict_proba(ids[rows]))
            trial.report(score, epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return score

    study = optuna.create_study(direction="maximize", pruner=MedianPruner(n_startup_trials=1))
    study.optimize(objective, n_trials=3)
    assert study.best_trial.number == 0
    pruned = study.trials[1:]
    assert [trial.state for trial in pruned] == [TrialState.PRUNED] * 2
    assert all(len(trial.intermediate_values) < N_EPOCHS for trial in pruned)
