"""External rivals: classifiers of other projects, each in a virtual environment of its own."""
