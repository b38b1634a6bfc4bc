"""Whether nbgrader can tell the cells of what is handed out apart and score them: ids, points, tests, kernels, stray notebooks."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from hub import cell_code
from hub.findings import Finding
from hub.notebooks import Cell, Files, NotANotebook, Notebook, is_notebook, read, readable

ID = re.compile(r"[A-Za-z0-9_\-]+")
GENERATE = "then press Generate."
IN_PANEL = f"Give it one in the panel 'Create Assignment', {GENERATE}"
AUTOTEST = "AUTOTEST"  # nbgrader writes the tests itself where this stands


def find(source: Files, released: Files, *, known: Collection[str], kernels: Collection[str]) -> Iterator[Finding]:
    """What is wrong with the cells and notebooks. `known` are the notebooks that nbgrader has in the gradebook, by name."""
    yield from _missing(released, known)
    whole = {notebook.path: notebook for notebook in readable(source)}
    for path, content in sorted(released.items()):
        if not is_notebook(path):
            continue
        try:
            notebook = read(path, content)
        except NotANotebook:
            yield Finding(path, "", "cannot be read as a notebook.", f"Open it in 'source', save it, {GENERATE}")
            continue
        if path not in {f"{name}.ipynb" for name in known}:
            remedy = "Take it out of 'source' and 'release', or press Generate if it belongs to the assignment."
            yield Finding(path, "", "is not a notebook of this assignment.", remedy)
            continue
        yield from of_notebook(notebook, whole.get(path, notebook), kernels)


def _missing(released: Files, known: Collection[str]) -> Iterator[Finding]:
    for name in sorted(known):
        if f"{name}.ipynb" not in released:
            yield Finding(f"{name}.ipynb", "", "belongs to the assignment and is not there.", "Press Generate.")


def of_notebook(released: Notebook, source: Notebook, kernels: Collection[str]) -> Iterator[Finding]:
    """What is wrong with one notebook; `source` is what it was made from, whose cells still have their hidden tests."""
    if released.kernel and released.kernel not in kernels:
        there = ", ".join(sorted(kernels))
        remedy = f"Choose another kernel in 'source' (there is: {there}), {GENERATE}"
        yield Finding(released.path, "", f"asks for the kernel '{released.kernel}', which the image has not.", remedy)
    if not any(cell.is_graded for cell in released.cells):
        remedy = f"Mark its tests and answers in the panel 'Create Assignment', or take it out of 'source'; {GENERATE}"
        yield Finding(released.path, "", "has no cell that is worth points.", remedy)
    yield from _ids(released)
    whole = {cell.grade_id: cell for cell in source.cells if cell.grade_id}
    for cell in released.cells:
        if cell.outputs:
            remedy = "Press Generate, which clears outputs, and do not run what lies in 'release'."
            yield Finding(released.path, cell.name, "still shows an output.", remedy)
        tests = whole.get(cell.grade_id, cell).source
        if cell.is_test and cell.points > 0 and not has_test(tests):
            reason = f"is worth {cell.points:g} points and tests nothing."
            yield Finding(released.path, cell.name, reason, f"Write an assertion into it, {GENERATE}")


def _ids(notebook: Notebook) -> Iterator[Finding]:
    marked = [cell for cell in notebook.cells if cell.is_graded or cell.is_solution or cell.nbgrader.get("locked")]
    times = Counter(cell.grade_id for cell in marked if cell.grade_id)
    for cell in marked:
        if "grade_id" not in cell.nbgrader:
            yield Finding(notebook.path, cell.name, "has no id.", IN_PANEL)
        elif not cell.grade_id:
            yield Finding(notebook.path, cell.name, "has an empty id.", IN_PANEL)
        elif not ID.fullmatch(cell.grade_id):
            remedy = f"Use letters, digits, '-' and '_' only, {GENERATE}"
            yield Finding(notebook.path, cell.name, "has an id that nbgrader does not take.", remedy)
        elif times[cell.grade_id] > 1:
            yield Finding(notebook.path, cell.name, _twins(cell, marked), f"Give each an id of its own, {GENERATE}")


def _twins(cell: Cell, marked: Iterable[Cell]) -> str:
    numbers = [other.number for other in marked if other.grade_id == cell.grade_id and other is not cell]
    return f"has the id of cell {', '.join(map(str, numbers))}."


def has_test(source: str) -> bool:
    """Whether a cell can fail, or say how many points it gives; so does one that cannot be read as Python."""
    tree = cell_code.read(source).tree
    if tree is None or AUTOTEST in source:
        return True
    return any(isinstance(node, ast.Assert | ast.Raise | ast.Call | ast.Compare) for node in ast.walk(tree)) or any(
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant) for node in tree.body[-1:]
    )
