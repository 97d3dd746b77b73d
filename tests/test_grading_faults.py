"""What ends in the middle of grading: the grader, its workers, the disk. Afterwards every score is right, and none is doubled."""

import os
import shutil
import signal
import time
from pathlib import Path

import pytest
from grading_class import GradedClass, bubblewrap_or_skip, wait_until

pytestmark = [pytest.mark.nbgrader]
COUNT = 12
WORKER, WARM = "spawn_main", "sandbox.zygote"
MANUAL = 1.5


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """An assignment is released, and nothing handed in."""
    bubblewrap_or_skip()
    return GradedClass(tmp_path_factory.mktemp("released"))


def scratch_of(pids):
    return [p for p in Path("/tmp").glob("effcv-*") if p.name.split("-")[1] in map(str, pids)]


class Story:
    """One class, and what was seen of it on the way."""


@pytest.fixture(scope="module")
def story(released, tmp_path_factory):
    """The grader is killed, started, interrupted, started; then a worker and a warm interpreter are killed."""
    seen, room = Story(), GradedClass.like(released, tmp_path_factory.mktemp("faults") / "course")
    seen.room, seen.right = room, room.answer_in_turn(COUNT, seconds=0.3)
    _killed(seen, room)
    _interrupted(seen, room)
    shutil.copy(room.folder / "gradebook.db", room.folder / "backup.db")
    seen.backup = {s for s, scores in room.gradebook().items() if scores == seen.right[s]}
    _workers_killed(seen, room)
    return seen


def _killed(seen, room):
    with room.begun("grade", "a9") as run:
        wait_until(lambda: len(room.records()) >= 4 and run.family(), 120, "four records")
        pids = [p.pid for p in run.family()]
        run.program.send_signal(signal.SIGKILL)
        killed = time.monotonic()
        run.wait(5)
        wait_until(lambda: not run.family(), 20, "the end of all that it started")
        seen.gone_after = time.monotonic() - killed
        seen.ours = [run.program.pid, *pids]
        seen.first = room.records()
        seen.left_by_killed = scratch_of(seen.ours)


def _interrupted(seen, room):
    with room.begun("grade", "a9") as run:
        wait_until(lambda: "to grade." in run.said, 60, "the beginning")
        seen.told_restart = run.said
        seen.refused = room.effcv("grade", "a9", code=1)
        wait_until(lambda: len(room.records()) >= len(seen.first) + 2, 120, "two more records")
        os.killpg(run.program.pid, signal.SIGINT)  # as a terminal does
        asked = time.monotonic()
        seen.code = run.wait(60)
        seen.stopped_after = time.monotonic() - asked
        wait_until(lambda: not run.family(), 20, "the end of all that it started")
        seen.said_interrupted, seen.second = run.said, room.records()
        seen.table_interrupted = room.table()


def _workers_killed(seen, room):
    with room.begun("grade", "a9") as run:
        more = len(seen.second) + 1
        wait_until(lambda: len(room.records()) >= more, 120, "one more record")
        first, second = sorted(run.named(WORKER), key=lambda p: p.pid)[:2]
        seen.killed = [first.name(), second.name()]
        first.kill()
        warm = [p for p in second.children() if WARM in " ".join(p.cmdline())]
        assert len(warm) == 1
        warm[0].kill()
        seen.code_workers = run.wait(180)
        wait_until(lambda: not run.family(), 20, "the end of all that it started")
        seen.said_workers, seen.third = run.said, room.records()
    seen.table, seen.scores = room.table(), room.gradebook()


def test_when_the_grader_is_killed_all_that_it_started_ends(story):
    assert story.gone_after < 15
    assert len(story.first) >= 4, "what was done is kept"


def test_after_that_only_the_rest_is_graded(story):
    done = len(story.first)
    assert f"{done} graded before and unchanged, {COUNT - done} to grade." in story.told_restart
    assert {s: story.third[s] for s in story.first} == story.first, "no record was written again"
    assert {s: story.third[s] for s in story.second} == story.second


def test_what_the_killed_run_left_is_gone(story):
    assert scratch_of(story.ours) == []
    assert not (story.room.folder / "grades" / ".work").exists()
    assert not list((story.room.folder / "grades" / "a9_records").glob(".*"))


def test_a_second_run_beside_the_first_is_refused(story):
    assert "effcv: another effcv grade is at work in" in story.refused
    assert "Traceback" not in story.refused


def test_ctrl_c_ends_a_run_soon_and_quietly(story):
    assert story.code == 130
    assert story.stopped_after < 30
    assert "effcv: stopped" in story.said_interrupted
    assert "Traceback" not in story.said_interrupted


def test_after_ctrl_c_the_table_says_who_is_not_graded_yet(story):
    table = story.table_interrupted
    assert set(table) == set(story.right)
    assert {s for s, row in table.items() if row["state"] == "ok"} <= set(story.second)
    waiting = [row["reason"] for s, row in table.items() if s not in story.second]
    assert waiting and set(waiting) == {"not graded yet"}


def test_a_killed_worker_and_a_killed_warm_interpreter_stop_nobody(story):
    assert story.code_workers == 0
    assert "Traceback" not in story.said_workers
    assert {row["state"] for row in story.table.values()} == {"ok"}
    assert set(story.table) == set(story.right)


def test_every_score_is_right_and_none_is_doubled(story):
    assert story.scores == story.right
