"""Speed and memory, against rivals measured in the same run."""
