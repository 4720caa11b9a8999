"""Classify the column `text` of Parquet files with Spark.

    spark-submit --py-files examples/scoring.py examples/score_spark.py exported texts labels

A Python worker of Spark handles one batch after the other, and loads the model for its first.
"""

import sys
from collections.abc import Callable

import pandas as pd
from pyspark.sql import Column, SparkSession
from pyspark.sql.functions import pandas_udf
from scoring import classify


def make_classifier(path: str) -> Callable[[str], Column]:
    """Make a function of a column of texts that returns a struct of label and probability."""

    @pandas_udf("label string, probability float")
    def predict(texts: pd.Series) -> pd.DataFrame:
        return classify(texts, path)

    return predict


if __name__ == "__main__":
    model, source, target = sys.argv[1:]
    table = SparkSession.builder.getOrCreate().read.parquet(source)
    prediction = make_classifier(model)("text").alias("prediction")
    table.select("*", prediction).select("*", "prediction.*").drop("prediction").write.parquet(
        target
    )
