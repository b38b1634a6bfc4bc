"""Arrays and frames cross as plain data, with the NumPy and pandas that the images have, and no objects with them."""

from __future__ import annotations

import json

import pytest

from hub.adapters.engine import Engine
from tests.instance import ROOT

LOOK = """
import json, sys
sys.path.insert(0, "/mnt")
import numpy as np
import pandas as pd
from plain_data import NotPlain, dumps, loads

def back(value):
    return loads(dumps(value))

def refused(sent):
    try:
        return not loads(json.dumps(sent))
    except NotPlain:
        return True

arrays = [
    np.arange(6.0).reshape(2, 3).T, np.array(3), np.zeros((0, 5)), np.array(["a", "bc"]), np.array([1 + 2j]), np.array([True]),
    np.array(["2020-01-01"], "M8[D]"), np.array([b"x"]), np.arange(3, dtype=">i4"), np.array([np.nan, np.inf]), np.float16([1]),
]
for array in arrays:
    came = back(array)
    assert (type(came), came.dtype, came.shape) == (np.ndarray, array.dtype, array.shape), array
    np.testing.assert_array_equal(came, array)
for scalar in (np.float64(1.5), np.int32(3), np.bool_(True), np.str_("x"), np.float32(0.1)):
    assert type(back(scalar)) is type(scalar)
    assert back(scalar) == scalar
grouped = pd.DataFrame({"a": [1, 2, 3], "k": list("xyx"), "l": list("ppq")}).groupby(["k", "l"]).sum()
frames = [
    pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.5, None], "d": [True, False]}, index=["r", "s"]),
    pd.DataFrame(), pd.DataFrame([[1, 2], [3, 4]]), grouped, pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}),
    pd.DataFrame({("a", "b"): [1], ("a", "c"): [2]}), pd.DataFrame({"o": [1, "x"]}, index=pd.Index([3], name="n").repeat(2)),
]
for frame in frames:
    pd.testing.assert_frame_equal(back(frame), frame, check_index_type="equiv")
for series in (pd.Series([1, 2], name="q"), pd.Series(["a", "b"]).value_counts(), pd.Series([], dtype=object)):
    pd.testing.assert_series_equal(back(series), series)

class Equal(np.ndarray):
    def __eq__(self, other):
        return True

assert type(back(np.arange(3).view(Equal))) is np.ndarray
for value in (np.array([object()]), np.array([(1, 2)], dtype="i4,i4"), pd.Series([object()])):
    try:
        dumps(value)
        raise SystemExit(f"{value} crossed")
    except NotPlain:
        pass
assert refused(["array", "|O", [1], "AAAAAAAAAAA="])
assert refused(["array", "O", [0], ""])
assert refused(["array", "<U0", [10**15], ""])
assert refused(["array", "<f8", [10**12], ""])
assert refused(["array", "i4,O", [1], "AAAAAAAAAAAAAAAA"])
print(json.dumps({"all": "well"}))
"""


@pytest.mark.parametrize("image", ["deep-learning", "spark"])
def test_arrays_and_frames_cross_and_objects_do_not(engine: Engine, tags: dict[str, str], image: str) -> None:
    mounts = {ROOT / "hub" / "plain_data.py": "/mnt/plain_data.py"}
    said = engine.run_as_student(tags[image], ["python", "-c", LOOK], mounts, memory=2 * 1024**3, seconds=300)
    assert json.loads(said[said.rindex('{"all"') :]) == {"all": "well"}
