"""What a person reads about the lease of their GPU: why it ends, why it has ended, and what they can do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from hub.gpus import Reason

WARNINGS: Mapping[Reason, tuple[str, str]] = {
    Reason.IDLE: (
        "Nothing has computed on your GPU for a while.",
        "Run a cell that uses it, or hand it back so that somebody else has it.",
    ),
    Reason.OVER: (
        "The time of your lease is nearly over.",
        "Save your work and what your training has reached (a checkpoint). Renew it if nobody waits.",
    ),
    Reason.RESERVED: (
        "A class begins that has reserved your GPU.",
        "Save your work and what your training has reached (a checkpoint).",
    ),
    Reason.BUDGET: (
        "You have used more GPU hours this week than your share, and somebody waits who has not.",
        "Save your work and what your training has reached (a checkpoint). You can ask again at once.",
    ),
}

AGAIN = "Your files are saved. Ask for a GPU again, or go on with your notebooks on the CPU."
ENDS: Mapping[Reason, tuple[str, str]] = {
    Reason.RETURNED: ("You handed it back.", ""),
    Reason.LAPSED: (
        "It was offered to you, and nobody claimed it in time.",
        "Ask again: you get a new place in the queue.",
    ),
    Reason.FAILED: (
        "Your notebooks with the GPU did not start.",
        "Try again; if it stays, tell your instructor. Your notebooks on the CPU are not affected.",
    ),
    Reason.IDLE: ("Nothing had computed on it for a while, so it was taken back for others.", AGAIN),
    Reason.OVER: ("The time of your lease was over.", AGAIN),
    Reason.RESERVED: ("A class had reserved it.", AGAIN),
    Reason.BUDGET: (
        "You had used more GPU hours this week than your share, and somebody waited who had not.",
        "Your files are saved. Ask again at once: you are served when nobody with a smaller share waits.",
    ),
    Reason.FAULT: (
        "The GPU had a fault. That was nothing you did.",
        "Your files are saved. You are at the head of the queue for the next one.",
    ),
    Reason.SERVER: (
        "Your notebooks with the GPU ended by themselves.",
        "Your files are saved. The last lines they wrote say more; ask for a GPU again when you like.",
    ),
    Reason.OUTSIDE: (
        "Your notebooks with the GPU were ended from outside: by the administrator, or because the machine was restarted.",
        AGAIN,
    ),
    Reason.STAFF: ("Your course's staff ended it.", "Your files are saved. Ask them why, if you do not know."),
}


def wait_words(least: timedelta, most: timedelta) -> str:
    """A range of time as people say it: 20 to 60 minutes, 2 hours to 6 hours."""
    low, high = (round(one.total_seconds() / 60 / 5) * 5 for one in (least, most))
    if high <= 5:
        return "a few minutes"
    if low == high:
        return f"about {_time(high)}"
    if low <= 0:
        return f"up to {_time(high)}"
    return f"{low} to {_time(high)}" if high < 120 else f"{_time(low)} to {_time(high)}"


def _time(minutes: int) -> str:
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes / 60
    return f"{round(hours)} hours" if hours < 48 else f"{round(hours / 24)} days"


def availability(free: int, slots: int, waiting: int) -> str:
    """How many GPUs can be had now, and how many people wait."""
    if free and not waiting:
        return f"{free} of {slots} GPUs free" if slots > 1 else "The GPU is free"
    if not slots:
        return "No GPU is in order now"
    lent = f"All {slots} GPUs are lent" if slots > 1 else "The GPU is lent"
    return f"{lent}, {waiting or 'nobody'} waiting"
