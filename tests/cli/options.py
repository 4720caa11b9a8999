"""Command-line options for the files of the fixtures, and for a network that is fitted quickly."""

COLUMNS = ["--text=review", "--label=stars"]
TINY_RNN = [
    "--model=rnn",
    "--set=clf__max_epochs=1",
    "--set=clf__hidden_size=4",
    "--set=clf__embedding_dim=4",
    "--set=clf__device=cpu",
]
