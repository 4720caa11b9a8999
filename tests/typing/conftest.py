"""Keeps pytest, which imports all files in search of doctests, from those that it is not to run."""

collect_ignore = ["user_code.py", "wrong_uses.py"]
