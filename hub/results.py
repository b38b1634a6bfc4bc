"""What a submission was given by the grader itself, question by question, and how much of that its student may see. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from hub.rules import Shows

LONGEST_MESSAGE = 500  # characters


@dataclass(frozen=True)
class Question:
    """One graded cell. `score` is none where somebody has to mark it; `message` says what failed, of visible tests only."""

    name: str
    score: float | None
    max_score: float
    message: str = ""


@dataclass(frozen=True)
class Result:
    """One submission's questions, in the order of the notebook."""

    submission: str
    questions: tuple[Question, ...]

    @property
    def score(self) -> float:
        return sum(question.score or 0 for question in self.questions)

    @property
    def max_score(self) -> float:
        """The points that could be given without a person."""
        return sum(question.max_score for question in self.questions if question.score is not None)

    @property
    def by_hand(self) -> float:
        """The points that somebody still has to give."""
        return sum(question.max_score for question in self.questions if question.score is None)

    def as_data(self) -> dict[str, Any]:
        questions = [asdict(question) for question in self.questions]
        sums = {"score": self.score, "max_score": self.max_score, "by_hand": self.by_hand}
        return {"submission": self.submission, **sums, "questions": questions}


def result_of(submission: str, told: object) -> Result:
    """A result as the grader tells it. Raises ValueError for what is none."""
    if not isinstance(told, list) or not all(isinstance(one, Mapping) for one in told):
        raise ValueError("a result is a list of questions")
    questions = [
        Question(
            name=str(one["name"])[:200],
            score=None if one["score"] is None else float(one["score"]),
            max_score=float(one["max_score"]),
            message=str(one.get("message", ""))[:LONGEST_MESSAGE],
        )
        for one in told
    ]
    return Result(submission, tuple(questions))


def seen(result: Result | None, shows: Shows) -> Result | None:
    """What the student may see of it; none when that is nothing."""
    if result is None or shows is Shows.NOTHING:
        return None
    if shows is Shows.MESSAGES:
        return result
    return replace(result, questions=tuple(replace(one, message="") for one in result.questions))
