"""What the release check calls gone from Keras is gone from the image, and what it names instead is there."""

from __future__ import annotations

import json

from hub.adapters.engine import Engine
from tests.instance import ROOT

LOOK = """
import importlib, json, os, sys
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, "/mnt")
import release_tables as tables

def there(name):
    parts = name.rstrip("._").split(".")
    for count in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:count]))
            for part in parts[count:]:
                found = getattr(found, part)
            return True
        except (ImportError, AttributeError):
            continue
    return False

gone = [*tables.GONE, *(f"tensorflow.{name}" for name in tables.GONE if name.startswith("keras")), *tables.GONE_FROM_KERAS]
said = [text.split()[0].rstrip(",").partition("(")[0] for text in (*tables.GONE.values(), *tables.GONE_FROM_KERAS.values())]
instead = {name for name in said if name.startswith("keras.")}
print(json.dumps({"still": [n for n in gone if there(n)], "missing": [n for n in instead if not there(n)]}))
"""


def test_tables_say_what_the_image_has(engine: Engine, tags: dict[str, str]) -> None:
    mounts = {ROOT / "hub" / "release_tables.py": "/mnt/release_tables.py"}
    said = engine.run_as_student(tags["deep-learning"], ["python", "-c", LOOK], mounts, memory=2 * 1024**3, seconds=300)
    assert json.loads(said[said.rindex('{"still"') :]) == {"still": [], "missing": []}
