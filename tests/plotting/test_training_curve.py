"""TrainingCurveDisplay: curves, kept epochs, legend."""

import re

import numpy as np
import pandas as pd
import pytest

from sklearn_rnn.plotting import TrainingCurveDisplay
from tests.plotting.data import legend_texts


def test_curves_of_one_classifier(fit_pipeline):
    model = fit_pipeline(early_stopping=True, validation_fraction=0.3)
    display = TrainingCurveDisplay.from_estimator(model)
    classifier = model[-1]
    assert len(display.axes_) == 2
    assert len(display.lines_) == 4
    for (name, column), line in display.lines_.items():
        assert name == "RNNTextClassifier"
        assert line.get_xdata().tolist() == [1, 2, 3]
        assert line.get_ydata().tolist() == classifier.history_[column].tolist()
    assert {column for _, column in display.best_points_} == {"valid_loss", "valid_accuracy"}
    best = classifier.best_epoch_
    for (_, column), point in display.best_points_.items():
        assert point.get_xdata() == [best]
        assert point.get_ydata() == [classifier.history_.loc[best, column]]
    assert legend_texts(display) == ["training", "validation", f"weights kept (epoch {best})"]
    assert [ax.get_ylabel() for ax in display.axes_] == [
        "loss (cross-entropy, nats)",
        "accuracy (share of texts)",
    ]


def test_without_validation_data_there_are_training_curves(model):
    display = TrainingCurveDisplay.from_estimator(model, metric="loss")
    assert len(display.axes_) == 1
    assert [column for _, column in display.lines_] == ["train_loss"]
    assert not display.best_points_
    assert legend_texts(display) == ["training"]


def test_curves_of_several_classifiers_share_axes(fit_pipeline, model):
    long_name = "a gated recurrent unit with a name that does not fit into one line of a legend"
    models = {"plain": model[-1], long_name: fit_pipeline(cell_type="gru", early_stopping=True)}
    display = TrainingCurveDisplay.from_estimator(models)
    assert len(display.lines_) == 2 + 4
    colors = {name: display.lines_[name, "train_loss"].get_color() for name in models}
    assert len(set(colors.values())) == 2
    assert display.lines_[long_name, "valid_loss"].get_color() == colors[long_name]
    names = [text.replace("\n", " ") for text in legend_texts(display)]
    assert names == ["plain", long_name, "training", "validation", "weights kept"]


def test_single_epoch_is_a_centred_point(fit_pipeline):
    display = TrainingCurveDisplay.from_estimator(fit_pipeline(max_epochs=1))
    line = display.lines_["RNNTextClassifier", "train_loss"]
    assert line.get_marker() == "o"
    assert display.axes_[0].get_xlim() == (0, 2)


def test_x_is_the_index_and_missing_values_are_left_out():
    columns = ["train_loss", "train_accuracy", "valid_loss", "valid_accuracy"]
    rows = [[np.nan, np.nan, 0.9, 0.5], [0.8, 0.6, 0.7, 0.7], [np.nan, np.nan, 0.75, 0.7]]
    history = pd.DataFrame(rows, columns=columns, index=[0.5, 1.0, 1.5])
    display = TrainingCurveDisplay({"a": history}, best_epochs={"a": 0.5}).plot()
    assert display.lines_["a", "train_loss"].get_xdata().tolist() == [1.0]
    assert display.lines_["a", "valid_loss"].get_xdata().tolist() == [0.5, 1.0, 1.5]
    assert legend_texts(display)[-1] == "weights kept (epoch 0.5)"


def test_empty_dict_is_refused():
    message = (
        "TrainingCurveDisplay.from_estimator got an empty dict. Pass a fitted classifier, or a "
        "dict of names and fitted classifiers."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        TrainingCurveDisplay.from_estimator({})
