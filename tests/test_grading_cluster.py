"""Grading on a cluster: a real ``dask scheduler``, two workers, a real PostgreSQL; one worker is killed in the middle."""

import contextlib
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from grading_class import GradedClass, bubblewrap_or_skip, wait_until

from effcv_lab.grading.marking import pool

pytestmark = [pytest.mark.nbgrader]
COUNT = 12


def binary(name):
    """Return where a program of PostgreSQL lies: Debian keeps it off the PATH."""
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(installed[-1]) if installed else shutil.which(name)


def someone():
    """Return whom PostgreSQL runs as: it refuses root. Empty: whoever we are."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.geteuid() == 0 else {}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A database server of our own, which listens on a socket in a folder and nowhere else; yield nbgrader's db_url."""
    if binary("initdb") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("needs: apt-get install postgresql")
    with contextlib.ExitStack() as stack:
        place = Path(stack.enter_context(_short_folder()))
        data = place / "data"
        who = someone()
        if who:
            os.chown(place, who["user"], who["group"])
        about = {"capture_output": True, "text": True, "cwd": "/", "env": {"PATH": os.defpath}}
        words = [binary("initdb"), "-D", str(data), "-A", "trust", "-U", "nbgrader", "--no-sync"]
        made = subprocess.run(
            [*words, "-E", "UTF8", "--locale", "C"], **about, **who, timeout=60, check=False
        )
        assert made.returncode == 0, made.stderr
        server = subprocess.Popen(
            [binary("postgres"), "-D", str(data), "-k", str(place), "-h", "", "-F"],
            cwd="/",
            env={"PATH": os.defpath},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **who,
        )
        stack.callback(_stop, server)
        wait_until(lambda: _answers(place / ".s.PGSQL.5432"), 30, "PostgreSQL")
        yield f"postgresql+psycopg://nbgrader@/postgres?host={place}"


@contextlib.contextmanager
def _short_folder():
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as place:  # a socket's name is short
        yield place


def _answers(path):
    with socket.socket(socket.AF_UNIX) as asking, contextlib.suppress(OSError):
        asking.connect(str(path))
        return True
    return False


def _stop(server):
    server.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
    try:
        server.wait(20)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def room(postgres, tmp_path_factory):
    """A class whose gradebook is that PostgreSQL."""
    bubblewrap_or_skip()
    pytest.importorskip("psycopg")
    config = f'c.CourseDirectory.db_url = "{postgres}"'
    room = GradedClass(tmp_path_factory.mktemp("cluster"), config)
    room.right = room.answer_in_turn(COUNT, seconds=0.3)
    assert not (room.folder / "gradebook.db").exists()
    return room


class Cluster:
    """A scheduler and workers, each a process of its own."""

    def __init__(self, room, place):
        self.room, self.place, self.workers = room, place, []
        self.file = place / "scheduler.json"
        self.scheduler = self._start(
            *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
            *("--scheduler-file", str(self.file)),
        )
        self.address = wait_until(self._address, 60, "the scheduler's address")

    def _address(self):
        with contextlib.suppress(FileNotFoundError, ValueError):
            return json.loads(self.file.read_text(encoding="utf-8"))["address"]

    def worker(self, threads):
        """Start one more worker, without a nanny: it is not started again when it dies."""
        self.workers.append(
            self._start(
                *("worker", self.address, "--nthreads", str(threads), "--no-nanny"),
                *("--no-dashboard", "--host", "127.0.0.1", "--local-directory", str(self.place)),
            )
        )
        return self.workers[-1]

    def _start(self, *words):
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *words],
            cwd=self.place,
            env=self.room.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def end(self):
        for process in [*self.workers, self.scheduler]:
            process.terminate()  # workers without a scheduler end themselves
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(scope="module")
def cluster(room, tmp_path_factory):
    """Two workers grade; one is killed when a third of the records are there."""
    cluster = Cluster(room, tmp_path_factory.mktemp("dask"))
    try:
        first, _ = cluster.worker(threads=1), cluster.worker(threads=1)
        with room.begun("grade", "a9", "--scheduler", cluster.address) as run:
            wait_until(lambda: len(room.records()) >= COUNT // 3, 180, "a third of the records")
            first.kill()
            cluster.killed_at = len(room.records())
            cluster.code, cluster.said = run.wait(180), run.said
        yield cluster
    finally:
        cluster.end()


def test_every_grade_arrives_once_though_a_worker_is_killed(room, postgres, cluster):
    assert cluster.code == 0, cluster.said
    assert cluster.killed_at < COUNT
    assert "Traceback" not in cluster.said
    assert room.gradebook(postgres) == room.right
    assert {row["state"] for row in room.table().values()} == {"ok"}
    assert not (room.folder / "gradebook.db").exists()
    assert not (room.folder / "grades" / ".work").exists()


def test_nbgrader_exports_the_same_numbers_from_postgresql(room, cluster):
    room.nbgrader("export")
    with open(room.folder / "grades.csv", encoding="utf-8", newline="") as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    wanted = {s: sum(filter(None, cells.values())) for s, cells in room.right.items()}
    assert scores == wanted


def test_a_worker_with_two_threads_grades_two_at_a_time(room, postgres, cluster):
    cluster.workers[1].terminate()
    cluster.workers[1].wait(60)
    cluster.worker(threads=2)
    students = ("s00", "s01", "s02", "s03")
    before = room.records()
    words = [word for student in students for word in ("--student", student)]
    room.effcv("grade", "a9", "--force", *words, "--scheduler", cluster.address)
    after = room.records()
    assert {s for s, when in after.items() if when != before[s]} == set(students)
    assert room.gradebook(postgres) == room.right


@pytest.fixture(scope="module")
def left_alone(room, postgres, cluster):
    """The scheduler is killed in the middle of a run; then another run asks for it."""
    before = room.records()
    with room.begun("grade", "a9", "--force", "--scheduler", cluster.address) as run:

        def one_more():
            return any(when > before.get(s, 0) for s, when in room.records().items())

        wait_until(one_more, 180, "a record of the new run")
        cluster.scheduler.kill()
        began = time.monotonic()
        code = run.wait(90)
        gone = (code, run.said, time.monotonic() - began)
    began = time.monotonic()
    said = room.effcv("grade", "a9", "--force", "--scheduler", cluster.address, code=1)
    return gone, (said, time.monotonic() - began)


def test_a_scheduler_that_is_gone_ends_a_run_with_words(room, postgres, left_alone, cluster):
    code, said, seconds = left_alone[0]
    assert code == 1
    assert f"effcv: the scheduler is gone ({cluster.address}); what is graded is kept" in said
    assert "Traceback" not in said
    assert seconds < 60
    kept = room.records()
    scores = room.gradebook(postgres)
    assert {s: scores[s] for s in kept} == {s: room.right[s] for s in kept}


def test_where_nobody_answers_is_said_soon(left_alone, cluster):
    said, seconds = left_alone[1]
    assert f"effcv: scheduler: nobody answers at {cluster.address!r}" in said
    assert "Traceback" not in said
    assert seconds < 60


def test_a_worker_of_this_machine_keeps_no_profile_which_would_grow_with_the_class():
    with pool._client(1, None) as client:
        (kept,) = client.run(lambda dask_worker: sorted(dask_worker.periodic_callbacks)).values()
    assert "heartbeat" in kept and "profile" not in kept
