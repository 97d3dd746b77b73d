"""What ends in the middle of grading: the grader, its workers, the disk. Afterwards every score is right, and none is doubled."""

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import pytest
from grading_class import FULL, NAME, GradedClass, bubblewrap_or_skip, wait_until

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
        with room.begun("grade", "a9") as beside:
            wait_until(lambda: len(room.records()) >= len(seen.first) + 2, 120, "two more records")
            os.killpg(run.program.pid, signal.SIGINT)  # as a terminal does
            asked = time.monotonic()
            assert beside.wait(60) == 1, beside.said
            seen.refused = beside.said
        seen.code = run.wait(60)
        seen.stopped_after = time.monotonic() - asked
        wait_until(lambda: not run.family(), 20, "the end of all that it started")
        seen.said_interrupted, seen.second = run.said, room.records()
        seen.table_interrupted = room.table()
        assert len(seen.second) < COUNT, f"all were graded before Ctrl-C was heard: {run.said}"


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
    waiting = [row for s, row in table.items() if s not in story.second]
    assert waiting and {row["what to do"] for row in waiting} == {"run effcv grade"}
    assert {row["state"] for row in waiting} <= {"waiting", "error"}
    assert {row["points"] for row in waiting} == {""}


def test_a_killed_worker_and_a_killed_warm_interpreter_stop_nobody(story):
    assert story.code_workers == 0
    assert "Traceback" not in story.said_workers
    assert {row["state"] for row in story.table.values()} == {"ok"}
    assert set(story.table) == set(story.right)


def test_every_score_is_right_and_none_is_doubled(story):
    assert story.scores == story.right


def graded_by_hand(room, student):
    """Return a written answer's manual score, and whether a person is to look at it."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.folder}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", NAME, NAME, student)
        return grade.manual_score, grade.needs_manual_grade


def grade_by_hand(room, student):
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{room.folder}/gradebook.db") as gradebook:
        grade = gradebook.find_grade("why", NAME, NAME, student)
        grade.manual_score, grade.needs_manual_grade = MANUAL, False
        gradebook.db.commit()


def written(room):
    """Return when each graded notebook was written, in ns, by student."""
    paths = (room.folder / "autograded").glob(f"*/{NAME}/{NAME}.ipynb")
    return {path.parts[-3]: path.stat().st_mtime_ns for path in paths}


@pytest.fixture(scope="module")
def restored(story):
    """An old gradebook is put back under newer records, and a submission is replaced."""
    room, seen = story.room, Story()
    for suffix in ("", "-journal"):
        (room.folder / f"gradebook.db{suffix}").unlink(missing_ok=True)
    shutil.copy(room.folder / "backup.db", room.folder / "gradebook.db")
    seen.replaced, seen.other = sorted(story.backup)[1::-1]
    assert story.right[seen.replaced] != FULL
    for student in (seen.replaced, seen.other):
        grade_by_hand(room, student)
    shutil.rmtree(room.folder / "submitted" / seen.replaced)
    room.answer(seen.replaced)
    seen.before, seen.written = room.records(), written(room)
    seen.said = room.effcv("grade", "a9", "--workers", "1")
    seen.after, seen.scores = room.records(), room.gradebook()
    return seen


def test_whose_points_an_old_gradebook_lacks_is_graded_again(story, restored):
    again = {s for s, when in restored.after.items() if when != restored.before[s]}
    assert again == set(story.right) - story.backup | {restored.replaced}
    assert restored.scores == story.right | {restored.replaced: FULL}


def test_who_is_not_graded_again_keeps_record_and_notebook(story, restored):
    kept = written(story.room)
    unchanged = story.backup - {restored.replaced}
    assert unchanged
    assert {s: kept[s] for s in unchanged} == {s: restored.written[s] for s in unchanged}


def test_what_a_person_gave_stays_and_is_to_be_looked_at_where_the_submission_is_new(
    story, restored
):
    assert graded_by_hand(story.room, restored.replaced) == (MANUAL, True)
    assert graded_by_hand(story.room, restored.other) == (MANUAL, False)


def lock(gradebook, seconds):
    """Keep everybody else from a gradebook, as a long transaction of another program does."""
    with contextlib.closing(sqlite3.connect(gradebook, timeout=60, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        other.execute("ROLLBACK")


def test_a_gradebook_locked_for_some_seconds_delays_and_new_private_tests_regrade_everybody(
    story, restored, tmp_path
):
    room = story.room
    private = tmp_path / NAME / "test_half.py"
    private.parent.mkdir()
    # SQLite itself waits for five seconds: here for none, so that a short lock is as good as a long one
    with open(room.folder / "nbgrader_config.py", "a", encoding="utf-8") as config:
        url = f"sqlite:///{room.folder}/gradebook.db?timeout=0.05"
        config.write(f'\nc.CourseDirectory.db_url = "{url}"\n')
    private.write_text("assert half(2.5) == 1.25, half(2.5)\n", encoding="utf-8")
    before = room.records()
    with room.begun("grade", "a9", "--private-tests", str(tmp_path), "--workers", "1") as run:

        def some():
            now = room.records()
            return sum(now.get(s) not in (None, when) for s, when in before.items()) >= 3

        wait_until(some, 120, "three records of the new run")
        for _ in range(2):
            lock(room.folder / "gradebook.db", 1.5)
            time.sleep(2)
        assert run.wait(120) == 0, run.said
        assert f"0 graded before and unchanged, {COUNT} to grade." in run.said
    assert all(when > before[s] for s, when in room.records().items())
    assert room.gradebook() == story.right | {restored.replaced: FULL}
    assert {row["state"] for row in room.table().values()} == {"ok"}
    assert graded_by_hand(room, restored.other) == (MANUAL, True)


@contextlib.contextmanager
def small_disk(place):
    """Mount a file system in memory, which only commands with the prefix that is yielded see at its place."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    mount = f"mount -t tmpfs -o size=64m none '{place}' && echo ready && exec sleep 600"
    holder = subprocess.Popen(
        ["unshare", "--mount", *user, "sh", "-c", mount],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = holder.stdout.readline()
        if said != "ready\n":
            pytest.skip(f"this system lets nobody mount a small disk: {said.strip()}")
        enter = ["nsenter", "--target", str(holder.pid), "--mount"]
        enter += ["--user", "--preserve-credentials"] if user else []
        yield Path(f"/proc/{holder.pid}/root{place}"), enter
    finally:
        holder.kill()
        holder.communicate()


EACH_BYTES, ROOM_BYTES = 200_000, 900_000


@pytest.fixture(scope="module")
def full(released, tmp_path_factory):
    """The disk with the course fills up in the middle of a run; then there is room again."""
    seen, place = Story(), tmp_path_factory.mktemp("disk")
    with small_disk(place) as (inside, enter):
        room = GradedClass.like(released, inside / "course")
        room.prefix = (*enter, "sh", "-c", 'cd "$0" && exec "$@"', f"{place}/course")
        seen.right = room.answer_in_turn(8, seconds=0)
        for student in seen.right:
            data = room.folder / "submitted" / student / NAME / "data.bin"
            data.write_bytes(os.urandom(EACH_BYTES))

        def resize(size):
            words = [*enter, "mount", "-o", f"remount,size={size}", str(place)]
            subprocess.run(words, check=True, capture_output=True)

        def gradebook():  # SQLite itself follows no path of another process
            copy = tmp_path_factory.mktemp("copy")
            for path in room.folder.glob("gradebook.db*"):
                shutil.copy(path, copy)
            return room.gradebook(f"sqlite:///{copy}/gradebook.db")

        space = os.statvfs(inside)
        resize((space.f_blocks - space.f_bfree) * space.f_frsize + ROOM_BYTES)
        seen.said = room.effcv("grade", "a9", "--workers", "1", code=1)
        seen.first = room.records()
        kept = gradebook()
        seen.kept = {student: kept.get(student) for student in seen.first}
        resize("64m")
        seen.restart = room.effcv("grade", "a9", "--workers", "1")
        seen.second, seen.scores, seen.table = room.records(), gradebook(), room.table()
        seen.left = [path.name for path in (room.folder / "grades").glob(".*")]
        yield seen


def test_a_full_disk_stops_the_run_and_is_named(full):
    assert "no space left on" in full.said.lower()
    assert "Traceback" not in full.said
    assert 0 < len(full.first) < len(full.right)


def test_what_was_recorded_before_the_disk_was_full_is_right(full):
    assert full.kept == {student: full.right[student] for student in full.first}


def test_when_there_is_room_again_the_rest_is_graded(full):
    done = len(full.first)
    assert f"{done} graded before and unchanged, {len(full.right) - done} to grade." in full.restart
    assert {student: full.second[student] for student in full.first} == full.first
    assert full.scores == full.right
    assert {row["state"] for row in full.table.values()} == {"ok"}
    assert ".work" not in full.left
