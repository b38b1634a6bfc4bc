"""JupyterHub reads this; everything in it comes from config/hub.yaml. Additions of a campus: config/hub.d/*.py."""

import os
from pathlib import Path

from hub.assembly import configure
from hub.settings_file import load

c = get_config()
path = Path(os.environ["CAMPUSHUB_CONFIG"])
configure(c, load(path), path)
for addition in sorted((path.parent / "hub.d").glob("*.py")):
    load_subconfig(str(addition))
