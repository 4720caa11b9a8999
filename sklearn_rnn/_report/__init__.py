"""Reports of comparisons, as HTML pages that need nothing else."""
