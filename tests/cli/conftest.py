import joblib
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

WORDS = {"good": "pos", "bad": "neg"}


@pytest.fixture
def reviews():
    """24 reviews in which one word tells the label, so that a bag of words is always right."""
    things = ["film", "book", "meal", "room", "song", "play"]
    rows = [(f"a {word} {thing}", label) for thing in things * 2 for word, label in WORDS.items()]
    return pd.DataFrame(rows, columns=["review", "stars"])


@pytest.fixture
def csv(tmp_path, reviews, monkeypatch):
    monkeypatch.chdir(tmp_path)  # so that messages hold no long paths
    reviews.to_csv("reviews.csv", index=False)
    return "reviews.csv"


@pytest.fixture
def saved(csv, reviews):
    """A small model that knows probabilities, and its file."""
    model = make_pipeline(CountVectorizer(), LogisticRegression())
    model.fit(reviews["review"], reviews["stars"])
    joblib.dump(model, "model.joblib")
    return model
