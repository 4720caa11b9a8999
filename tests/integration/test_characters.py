"""Characters on real texts."""

import numpy as np
import torch

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn._ids import replace_unknown_ids
from sklearn_rnn._linear.characters import split_characters
from sklearn_rnn.datasets import read_texts


def linear_accuracy(texts, labels, n_training, **parameters):
    """Return the accuracy of the linear term alone on the texts after the first `n_training`."""
    tokenizer = TextTokenizer(max_length=200, **parameters)
    classifier = RNNTextClassifier(
        embedding_dim=4, hidden_size=2, max_epochs=1, batch_size=512, random_state=0, device="cpu"
    )
    classifier.fit(tokenizer.fit_transform(texts[:n_training]), labels[:n_training])
    net = classifier.net_
    ids = replace_unknown_ids(
        tokenizer.transform(texts[n_training:]),
        net.known_ids_,
        keep_characters=net.reads_characters,
    )
    words, characters = torch.from_numpy(np.asarray(ids)), None
    if net.reads_characters:
        words, characters = split_characters(words)
    term = net.module_.linear_term
    logits = term.logits(term.find_ngrams(words, characters))
    predicted = classifier.classes_[logits.argmax(1).numpy()]
    return (predicted == labels[n_training:]).mean()


def test_characters_make_the_linear_term_more_accurate_on_short_questions(data_dir):
    corpus = read_texts(data_dir / "banking77" / "train.csv.gz", text="text", label="category")
    classes = np.random.default_rng(0).permutation(np.unique(corpus.target))[:20]
    rows = np.flatnonzero(np.isin(corpus.target, classes))
    rows = np.random.default_rng(0).permutation(rows)
    texts = [corpus.data[row] for row in rows]
    labels = np.asarray(corpus.target)[rows]
    n_training = len(texts) // 2
    by_words = linear_accuracy(texts, labels, n_training, add_characters=False)
    by_auto = linear_accuracy(texts, labels, n_training)
    assert n_training >= 1000
    # By twice the standard error or more: a change of the held-out texts alone does not do so.
    assert by_auto > by_words + 0.02, (by_words, by_auto)
