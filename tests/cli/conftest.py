import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from sklearn_rnn.export import save_model

WORDS = {"good": "pos", "bad": "neg"}


@pytest.fixture
def reviews():
    """Return 24 reviews in which one word determines the label, so a bag of words is sufficient."""
    things = ["film", "book", "meal", "room", "song", "play"]
    rows = [(f"a {word} {thing}", label) for thing in things * 2 for word, label in WORDS.items()]
    return pd.DataFrame(rows, columns=["review", "stars"])


@pytest.fixture
def csv(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)  # relative file names make messages short
    reviews.to_csv("reviews.csv", index=False)
    return "reviews.csv"


@pytest.fixture
def saved(csv, reviews):
    """Return a small model with predict_proba, which is saved in model.skops."""
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    model.fit(reviews["review"], reviews["stars"])
    save_model(model, "model.skops")
    return model
