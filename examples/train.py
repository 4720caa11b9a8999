"""Training on files of texts, in one process or in several that divide the fit.

python examples/train.py reviews.csv model.skops --text review --label verdict
python examples/train.py folder_of_parquet_shards model.skops
torchrun --nproc-per-node 2 examples/train.py reviews.csv model.skops

All train by the same lines; with the same texts, they train the same model. A chunk of the texts is
in memory at a time. Each process reads all files; on a machine with GPUs, each uses its own.
"""

import argparse
import os

import torch.distributed as dist
from sklearn.pipeline import make_pipeline

from sklearn_rnn import RNNTextClassifier, TextTokenizer
from sklearn_rnn.export import save_model
from sklearn_rnn.out_of_core import fit_from_files

parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
parser.add_argument("files", help="a file of texts, or a folder of such files")
parser.add_argument("model", help="file to save the model in")
parser.add_argument("--text", default="text", help="column of the texts (default: text)")
parser.add_argument("--label", default="label", help="column of the labels (default: label)")
args = parser.parse_args()

is_divided = "WORLD_SIZE" in os.environ  # set by torchrun
if is_divided:
    dist.init_process_group()
is_first = not is_divided or dist.get_rank() == 0

classifier = RNNTextClassifier(batch_size=128, random_state=0, verbose=1)
model = make_pipeline(TextTokenizer(), classifier)
fit_from_files(model, args.files, text=args.text, label=args.label, verbose=is_first)
if is_first:
    save_model(model, args.model)
if is_divided:
    dist.destroy_process_group()
