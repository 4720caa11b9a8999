"""Training on a file of texts, in one process or in several that divide the fit.

python examples/train.py reviews.csv model.skops
torchrun --nproc-per-node 2 examples/train.py reviews.csv model.skops

Both train the same model. Each process reads all texts; on a machine with GPUs, each uses its own.
"""

import os
import sys

import torch.distributed as dist
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.datasets import read_texts
from sklearn_rnn.export import save_model

if "WORLD_SIZE" in os.environ:  # set by torchrun
    dist.init_process_group()
texts = read_texts(sys.argv[1])
classifier = RNNTextClassifier(batch_size=128, random_state=0, verbose=1)
model = make_pipeline(TextTokenizer(), classifier).fit(texts.data, texts.target)
if not dist.is_initialized() or dist.get_rank() == 0:
    save_model(model, sys.argv[2])
if dist.is_initialized():
    dist.destroy_process_group()
