"""Containers of data of any library: DataFrames of one column, and data that is not in memory."""

from typing import Any

# Methods of the libraries whose data is not in memory, which load it: of Dask; of polars and Spark.
_LOADERS = ("compute", "collect")


def refuse_lazy(data: object, given: str, call: str) -> None:
    """Raise a TypeError if data is not in memory, such as a Series of Dask or a polars LazyFrame.

    NumPy would take some of them for one object, and load others at every use.

    Parameters
    ----------
    data : object
        The data that a user passed.
    given : str
        The beginning of the message, up to "is".
    call : str
        The name of the argument, to which the message adds the method that loads the data.

    Raises
    ------
    TypeError
        If the data is not in memory. The message names the method.
    """
    graph = getattr(type(data), "__dask_graph__", None)
    if graph is not None and graph(data) is None:  # of xarray, in memory
        return
    # Of the type: a column of a pandas DataFrame may be an attribute with the name of a method.
    for method in _LOADERS:
        if hasattr(type(data), method):
            raise TypeError(
                f"{given} is a lazy {type(data).__name__}, whose rows are not in memory. Load "
                f"them: {call}.{method}()."
            )


def column_names(data: Any) -> list[Any] | None:
    """Return the names of the columns of a DataFrame of any library; None if it is none."""
    # Of the type: a label in the index of a pandas Series may be an attribute, too.
    if not hasattr(type(data), "columns") or not hasattr(type(data), "__len__"):
        return None
    # `columns` holds the data of the columns in a pyarrow Table, but names in other libraries.
    names = data.column_names if hasattr(type(data), "column_names") else data.columns
    return None if callable(names) else list(names)
