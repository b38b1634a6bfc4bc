"""Results of automatic grading, the newest of each submission."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sql

from hub.adapters.store import Store
from hub.adapters.tables import results
from hub.results import Result, result_of


@dataclass(frozen=True)
class Results:
    """The results of all courses' submissions."""

    store: Store

    def keep(self, result: Result, at: datetime) -> None:
        mine = results.c.submission == result.submission
        questions = [asdict(question) for question in result.questions]
        with self.store.begin() as connection:
            connection.execute(sql.delete(results).where(mine))
            connection.execute(sql.insert(results).values(submission=result.submission, at=at, questions=questions))

    def of(self, submissions: Iterable[str]) -> dict[str, Result]:
        """Those that there are, by submission."""
        query = sql.select(results).where(results.c.submission.in_(list(submissions)))
        with self.store.begin() as connection:
            rows = connection.execute(query).mappings().all()
        return {row["submission"]: result_of(row["submission"], row["questions"]) for row in rows}
