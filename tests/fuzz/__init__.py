"""Coverage-guided fuzzing: a module per target, and a corpus of small inputs for each.

`nox -s fuzz -- SECONDS` runs all targets. To add a target, write a module with a function `check`,
add its name to `TARGETS`, and put an input or more into `corpus/NAME`. An input that failed goes
there too; `test_corpus.py` replays the corpus without atheris.
"""

TARGETS = ("text_files", "vector_files", "tokenizer", "model_files", "states")
