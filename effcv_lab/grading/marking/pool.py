"""Many submissions at a time: tasks of ``dask.distributed``, on this machine or on a cluster.

A worker process keeps one warm interpreter, grades one submission at a time and writes the grade itself. Grading twice writes
into the same rows, so a task of a worker that died is simply done again by another.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import asdict, replace
from multiprocessing import resource_tracker

import dask
import distributed

from effcv_lab.grading.marking.marks import Mark
from effcv_lab.grading.marking.steps import quiet_steps
from effcv_lab.grading.marking.submission import mark_submission
from effcv_lab.grading.marking.task import Task
from effcv_lab.grading.sandbox.scratch import sweep
from effcv_lab.grading.sandbox.settings import UNSAFE
from effcv_lab.grading.sandbox.warm import warm_interpreter

REACH_SECONDS = 10
#: No web pages, and no profile of what workers do: it grows by a megabyte with each submission.
QUIET = {f"distributed.{who}.http.routes": [] for who in ("scheduler", "worker", "nanny")}
QUIET["distributed.worker.profile.enabled"] = False


def mark_all(
    task: Task, students: dict[str, str], *, workers: int, scheduler: str | None = None
) -> Iterator[Mark]:
    """Grade submissions, several at a time; yield each mark when it is there.

    Parameters
    ----------
    task : Task
    students : dict of str
        The fingerprint of each submission by student.
    workers : int
        Processes on this machine; without meaning with a ``scheduler``.
    scheduler : str, optional
        Address of a running ``dask scheduler``, say "tcp://10.0.0.5:8786". Its workers need the same environment and see
        the course at the same path.

    Raises
    ------
    SandboxUnavailable
        If a worker's system has no sandbox.
    OSError
        If nobody answers at the scheduler's address, or nobody any more.
    """
    grader = Grader(task)
    with _client(min(workers, len(students)), scheduler) as client:
        client.register_plugin(grader)
        try:
            futures = {
                client.submit(_mark, grader.name, student, known, pure=False): student
                for student, known in students.items()
            }
            for future in distributed.as_completed(futures):
                student = futures.pop(future)
                try:
                    yield Mark(**future.result())
                except distributed.KilledWorker:
                    yield _given_up(task, student)
                except (CancelledError, distributed.comm.CommClosedError):
                    raise OSError(
                        f"the scheduler is gone ({scheduler or 'of this run'}); what is graded is kept: grade again"
                    ) from None
        finally:
            # A worker that began just now has none; who is gone answers nobody.
            with contextlib.suppress(KeyError, OSError, RuntimeError):
                client.unregister_worker_plugin(grader.name)


def _given_up(task: Task, student: str) -> Mark:
    reason = "the processes that graded it died, several times"
    advice = "look at this submission by hand, then grade it alone with --student"
    return Mark(student, task.assignment, "error", reason, advice)


@contextlib.contextmanager
def _client(workers: int, scheduler: str | None) -> Iterator[distributed.Client]:
    for name in ("distributed", "distributed.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler:
        try:
            client = distributed.Client(scheduler, timeout=REACH_SECONDS)
        except (OSError, ValueError) as error:
            raise OSError(f"scheduler: nobody answers at {scheduler!r} ({error})") from None
        try:
            yield client
        finally:
            with contextlib.suppress(
                OSError, RuntimeError
            ):  # asyncio's, when nobody is there any more
                client.close()
        return
    with contextlib.ExitStack() as stack:
        stack.enter_context(dask.config.set(QUIET))
        with _without_ctrl_c():
            cluster = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                memory_limit=0,  # submissions are bounded by their sandbox, workers do not grow
                security=True,  # keys of this run alone: whoever reaches a scheduler may run code
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
            stack.enter_context(cluster)
        yield stack.enter_context(distributed.Client(cluster))


@contextlib.contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """Let what is started here never hear a terminal's Ctrl-C, which goes to all; who started it hears it afterwards.

    Threads and processes inherit what is held back. A sandbox lets it through again.
    """
    resource_tracker.ensure_running()  # else it lets the signal through while it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Grader(distributed.WorkerPlugin):
    """What a worker keeps between submissions: the task, with a warm interpreter.

    Parameters
    ----------
    task : Task
    """

    def __init__(self, task: Task):
        self.task, self.name = task, f"effcv-grader-{uuid.uuid4().hex[:12]}"
        self._stack: contextlib.ExitStack | None = None

    def setup(self, worker) -> None:
        """Warm up, when a worker begins."""
        sweep()
        self._stack = contextlib.ExitStack()
        self._stack.enter_context(quiet_steps())
        if self.task.settings.kind == UNSAFE:
            return
        address = self._stack.enter_context(warm_interpreter(self.task.settings))
        self.task = replace(self.task, settings=replace(self.task.settings, warm=address))

    def teardown(self, worker) -> None:
        """Let go, when a worker ends."""
        if self._stack is not None:
            self._stack.close()


def _mark(grader: str, student: str, fingerprint: str) -> dict:
    return asdict(
        mark_submission(distributed.get_worker().plugins[grader].task, student, fingerprint)
    )
