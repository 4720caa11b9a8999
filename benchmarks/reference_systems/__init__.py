"""The five reference systems as Pipelines, against the recipes of their authors."""
