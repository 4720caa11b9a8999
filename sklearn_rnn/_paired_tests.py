"""Whether two classifiers differ on the same texts: p-values of paired tests.

Both take the runs of two estimators as `compare` records them: one per fold, in the same order.
"""

import numpy as np
from scipy.stats import binomtest
from scipy.stats import t as student_t


def corrected_t_test(best, other):
    """P-value of the first scores on the same folds, by Nadeau and Bengio."""
    first = next(iter(best[0].scores))
    differences = [a.scores[first] - b.scores[first] for a, b in zip(best, other, strict=True)]
    n_folds = len(differences)
    if n_folds < 2:
        return np.nan
    test_to_train = np.mean([len(run.predictions) / run.n_train for run in best])
    variance = (1 / n_folds + test_to_train) * np.var(differences, ddof=1)
    if variance == 0:
        return float(differences[0] == 0)
    return 2 * student_t.sf(abs(np.mean(differences)) / np.sqrt(variance), df=n_folds - 1)


def mcnemar_test(best, other):
    """P-value of which texts of the test set the one labels rightly and the other wrongly."""
    (best,), (other,) = best, other
    n_best_only = np.sum(best.is_right & ~other.is_right)
    n_other_only = np.sum(other.is_right & ~best.is_right)
    if n_best_only + n_other_only == 0:
        return 1.0
    return binomtest(n_best_only, n_best_only + n_other_only).pvalue
