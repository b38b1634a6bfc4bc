"""What benchmarks do inside an instance of their own: run code in one of its parts, have its hub make tokens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

from tests.instance import Instance

SERVER, SERVICE_ACCESS = "demo", "access:services!service=courses"
TOKENS = """
import json, sys
from jupyterhub import orm, roles
db, told = orm.new_session_factory({database!r})(), {{}}
for name in json.load(sys.stdin):
    user = orm.User.find(db, name)
    if user is None:
        user = orm.User(name=name)
        db.add(user)
        db.commit()
        roles.assign_default_roles(db, entity=user)
    scopes = ["users:activity!user=" + name, "access:servers!server=" + name + "/{server}", {service!r}]
    told[name] = user.new_api_token(note="bench", scopes=scopes)
db.commit()
print(json.dumps(told))
"""


def tokens(instance: Instance, people: Sequence[str]) -> dict[str, str]:
    """A token for each, with the scopes of a server's own; the hub knows their people as if they had signed in."""
    database = f"sqlite:///{instance.data}/hub/jupyterhub.sqlite"
    code = TOKENS.format(database=database, server=SERVER, service=SERVICE_ACCESS)
    told: dict[str, str] = json.loads(exec_in(instance, "hub", code, json.dumps(list(people)).encode()))
    return told


def exec_in(instance: Instance, part: str, code: str, given: bytes) -> bytes:
    """What Python code prints in one of the instance's parts; `given` is its standard input."""
    words = ["docker", "exec", "-i", f"{instance.name}-{part}", "python", "-c", code]
    done = subprocess.run(words, input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout
