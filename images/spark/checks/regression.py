"""Fails when Spark does not find the numbers of a line, or draws no figure, without a network."""

import tempfile
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from pyspark.ml.feature import VectorAssembler
from pyspark.ml.regression import LinearRegression
from pyspark.sql import SparkSession

matplotlib.use("Agg")
import matplotlib.pyplot as plt

generator = np.random.default_rng(0)
table = pd.DataFrame(generator.normal(size=(500, 2)), columns=["a", "b"])
table["y"] = 1 + 2 * table.a - 3 * table.b
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
given = VectorAssembler(inputCols=["a", "b"], outputCol="features").transform(spark.createDataFrame(table))
fitted = LinearRegression(labelCol="y").fit(given)
assert np.allclose([fitted.intercept, *fitted.coefficients], [1, 2, -3], atol=0.01), fitted.coefficients
spark.stop()
picture = Path(tempfile.mkdtemp()) / "figure.png"
plt.plot(table.a, table.y, ".")
plt.savefig(picture)
assert picture.stat().st_size > 1000
