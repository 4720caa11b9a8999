"""TensorBoard through skorch's callback: scalars of each epoch, and the network's graph."""

import pytest
import torch
from skorch.callbacks import TensorBoard
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.jit")
@pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning")
def test_scalars_and_graph(make_classifier, word_order, tmp_path):
    X, y = word_order
    with SummaryWriter(tmp_path) as writer:
        classifier = make_classifier(callbacks=[TensorBoard(writer, close_after_train=False)])
        classifier.fit(X, y, X_val=X, y_val=y)
        ids = torch.tensor(X[:4])
        writer.add_graph(classifier.net_.module_, (ids, (ids != 0).sum(1)))
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    for tag, column in [
        ("Loss/train_loss", "train_loss"),
        ("Loss/valid_accuracy", "valid_accuracy"),
    ]:
        logged = [event.value for event in events.Scalars(tag)]
        assert logged == pytest.approx(classifier.history_[column].tolist())
    names = [node.name for node in events.Graph().node]
    assert any("embedding" in name for name in names)
