"""A stranger's code in the sandbox: real kernels, real attempts, and no harm done.

What an attempt may cost is bounded twice: by small limits here, and by what the attempt itself asks for.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
import time
import uuid
from dataclasses import replace
from pathlib import Path

import nbformat
import psutil
import pytest
from grading_class import bubblewrap_or_skip
from nbclient import NotebookClient
from traitlets.config import Config

from effcv_lab.grading.sandbox import bubblewrap
from effcv_lab.grading.sandbox.held import what_is_held
from effcv_lab.grading.sandbox.kernelspec import NAME, write_kernelspec
from effcv_lab.grading.sandbox.limits import MB, Limits
from effcv_lab.grading.sandbox.refusals import SandboxUnavailable
from effcv_lab.grading.sandbox.session import sandboxed_kernel
from effcv_lab.grading.sandbox.settings import UNSAFE, Settings
from effcv_lab.grading.sandbox.status import Status, beside
from effcv_lab.grading.sandbox.warm import warm_interpreter
from tools import bench_sandbox

ROOT = Path(__file__).resolve().parent.parent
SECRET = "the-grader-s-own-secret"
SMALL = Limits(
    cpu_seconds=20,
    memory_bytes=400 * MB,
    processes=32,
    file_bytes=5 * MB,
    disk_bytes=20 * MB,
    files=300,
)
WITH_TORCH = Settings(Limits(cpu_seconds=60, processes=48, disk_bytes=20 * MB, file_bytes=5 * MB))

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def needs_bubblewrap():
    bubblewrap_or_skip()


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder in the middle of grading, its name with spaces and other letters."""
    course = tmp_path_factory.mktemp("Kurs für Übung")
    for name in (
        "gradebook.db",
        "nbgrader_config.py",
        "solutions/a1/a1.ipynb",
        "submitted/bob/a1/a1.ipynb",
        "autograded/bob/a1/a1.ipynb",
        "autograded/zoë q/a1/a1.ipynb",
        "autograded/zoë q/a1/.ipynb_checkpoints/a1-checkpoint.ipynb",
        "autograded/zoë q/a1/OTHER.IPYNB",
        "autograded/zoë q/a1/data/some values ü.csv",
    ):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(SECRET if "csv" not in name else "1,2", encoding="utf-8")
    folder = course / "autograded" / "zoë q" / "a1"
    (folder / "link.txt").symlink_to(course / "gradebook.db")
    (folder / "course").symlink_to(course)
    marker = f"open({str(course / 'ran outside')!r}, 'w').close()\n"
    settings = folder / ".ipython" / "profile_default" / "ipython_kernel_config.py"
    settings.parent.mkdir(parents=True)
    settings.write_text("c.InteractiveShellApp.exec_lines = ['bent = True']", encoding="utf-8")
    for name in (
        "json.py",
        "sitecustomize.py",
        "effcv_lab/__init__.py",
        ".ipython/profile_default/startup/first.py",
    ):  # no module for a launcher, nothing that a kernel runs when it begins
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(marker, encoding="utf-8")
    return course


@pytest.fixture(scope="module", params=["cold", "warm"])
def address(request):
    """Where a warm interpreter answers; None for cold starts: the walls must hold alike."""
    if request.param == "cold":
        yield None
    else:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EFFCV_SECRET", SECRET)
            with warm_interpreter(WITH_TORCH) as address:
                yield address


@pytest.fixture(scope="module")
def kernel(course, address):
    """One kernel for all that must not have an effect."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EFFCV_SECRET", SECRET)
        settings = replace(WITH_TORCH, warm=address)
        with sandboxed_kernel(course / "autograded" / "zoë q" / "a1", settings) as kernel:
            imports = "import ctypes, errno, os, pathlib, socket, subprocess, sys"
            assert (
                kernel.run(f"{imports}; torch_at_the_start = 'torch' in sys.modules").ended == "ok"
            )
            yield kernel


@pytest.fixture
def megabytes(address):
    """How much memory the small kernel may use: torch alone is much of a warm one."""
    return 1300 if address else 400


@pytest.fixture
def small(tmp_path, address, megabytes):
    """A kernel with small limits, for what breaks them."""
    limits = replace(SMALL, memory_bytes=megabytes * MB)
    with sandboxed_kernel(tmp_path, Settings(limits, warm=address)) as kernel:
        yield kernel


def value(kernel, code, seconds=30):
    """Return what the code printed; it must not fail."""
    outcome = kernel.run(textwrap.dedent(code), seconds)
    assert outcome.ended == "ok" and not outcome.cut, (outcome, kernel.status)
    return outcome.text.strip()


def refused(kernel, attempts):
    """Return, for each attempt (an expression), the error that it ended with; None where it worked."""
    done = {attempt: kernel.run(attempt) for attempt in attempts}
    return {a: d.outputs[-1]["ename"] if d.ended == "error" else None for a, d in done.items()}


def end_of(kernel, seconds=20):
    """Wait until a kernel has been ended from outside; return its status."""
    stop = time.monotonic() + seconds
    while kernel.alive and time.monotonic() < stop:
        time.sleep(0.02)
    assert not kernel.alive
    return kernel.status


def running(mark):
    """Return the processes of this machine whose command line has a mark."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or []
        if any(mark in word for word in words) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def appears(mark, seconds=10):
    """Wait until there is a process with a mark: a program has its command line a moment after it has started."""
    stop = time.monotonic() + seconds
    while not running(mark) and time.monotonic() < stop:
        time.sleep(0.02)
    return bool(running(mark))


def gone(mark, seconds=10):
    """Wait until no process with a mark is left."""
    stop = time.monotonic() + seconds
    while running(mark) and time.monotonic() < stop:
        time.sleep(0.02)
    return not running(mark)


def new_mark():
    """Return a number of seconds to sleep that nobody else sleeps."""
    return f"9{uuid.uuid4().int % 10**9:09d}.5"


def background(mark):
    """Return code that leaves a process of its own session behind."""
    return f"import subprocess; subprocess.Popen(['sleep', '{mark}'], start_new_session=True);"


# What is not there


def test_there_is_no_network(kernel):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind("\0effcv-sandbox-test")
        local.listen()
        port = server.getsockname()[1]
        attempts = [
            f"socket.create_connection(('127.0.0.1', {port}), timeout=2)",
            "socket.create_connection(('1.1.1.1', 53), timeout=2)",
            "socket.getaddrinfo('example.org', 80)",
            "socket.socket(socket.AF_UNIX).connect('\\0effcv-sandbox-test')",
        ]
        assert None not in refused(kernel, attempts).values()
    assert value(kernel, "print([name for _, name in socket.if_nameindex()])") == "['lo']"


def test_of_the_machine_there_are_programs_and_libraries_and_nothing_else(kernel, course):
    shown = [
        *map(str, bubblewrap.shown_folders()),
        "/usr",
        "/proc",
        "/dev",
        "/home",
        "/etc/alternatives",
    ]
    code = f"""
        for place, folders, files in os.walk("/"):
            folders[:] = [f for f in folders if os.path.join(place, f) not in {shown}]
            for name in files:
                print(os.path.join(place, name))
    """
    assert set(value(kernel, code).split()) <= {"/etc/ld.so.cache", "/etc/localtime"}
    search = f"grep -rl '[t]{SECRET[1:]}' /home /tmp /dev/shm /etc"
    assert value(kernel, f"print(subprocess.getoutput({search!r}))") == ""


def test_nothing_of_the_course_can_be_read(kernel, course):
    hidden = [
        *course.rglob("*"),
        course,
        ROOT / "tests",
        ROOT / "solutions",
        ROOT / "nbgrader_config.py",
    ]
    hidden += [Path.home() / name for name in os.listdir(Path.home())]
    shown = bubblewrap.shown_folders()
    hidden = [str(path) for path in hidden if not any(s.is_relative_to(path) for s in shown)]
    assert len(hidden) > 15
    found = value(kernel, f"print([name for name in {hidden} if os.path.lexists(name)])")
    assert found == "[]"
    up = "os.path.join(*['..'] * {}, 'solutions/a1/a1.ipynb')"
    errors = refused(kernel, [f"open({up.format(n)})" for n in range(1, 5)])
    assert set(errors.values()) == {"FileNotFoundError"}


def test_of_the_submission_there_are_plain_files_and_no_notebook(kernel):
    code = "print(sorted(os.path.join(d, f) for d, _, fs in os.walk('.') for f in fs if '/.ipython' not in d))"
    assert eval(value(kernel, code)) == [
        "./.connection.json",
        "./data/some values ü.csv",
        "./effcv_lab/__init__.py",
        "./json.py",
        "./sitecustomize.py",
    ]
    assert value(kernel, "print(open('data/some values ü.csv').read())") == "1,2"


def test_nothing_of_the_submission_runs_or_counts_before_its_first_cell(kernel):
    code = "print('bent' in globals(), os.path.isdir('.ipython/profile_default/startup') and os.listdir('.ipython/profile_default/startup'))"
    assert value(kernel, code) == "False ['README']"
    loaded = [
        c
        for n in ("json", "effcv_lab")
        if (c := value(kernel, f"import {n}; print({n}.__file__)")).startswith("/home")
    ]
    assert not loaded


def test_no_environment_variable_of_the_grader_s_is_seen(kernel):
    names = eval(value(kernel, "print(sorted(os.environ))"))
    assert set(names) & set(os.environ) <= {
        "PATH",
        "HOME",
        "USER",
        "LANG",
        "OMP_NUM_THREADS",
        "PWD",
    } | {
        *("TERM", "CLICOLOR", "FORCE_COLOR", "PAGER", "GIT_PAGER", "CLICOLOR_FORCE")  # IPython's
    }
    everywhere = """
        for place in pathlib.Path("/proc").glob("[0-9]*"):
            print((place / "environ").read_bytes(), (place / "cmdline").read_bytes())
    """
    said = value(kernel, everywhere)
    assert SECRET not in said
    assert "Kurs" not in said and "submitted" not in said


def test_other_processes_are_not_seen_and_the_parent_cannot_be_ended(kernel):
    code = "[open(f'/proc/{n}/comm').read().strip() for n in os.listdir('/proc') if n.isdigit()]"
    assert set(eval(value(kernel, f"print({code})"))) <= {"bwrap", "python", "python3", "sleep"}
    first = value(kernel, "print(os.getppid() < 2, open('/proc/1/comm').read().strip())")
    assert first == "True bwrap", "else the next line would end a process of this machine"
    kernel.run("import signal; os.kill(1, signal.SIGKILL); os.kill(1, signal.SIGTERM)")
    for code in (f"os.kill({os.getpid()}, 0)", f"os.kill({os.getppid()}, 0)"):
        assert kernel.run(code).outputs[-1]["ename"] == "ProcessLookupError"
    assert value(kernel, "print('still here')") == "still here"


def test_nothing_can_be_written_but_in_a_private_home(kernel):
    """No attempt leaves anything where it succeeds: files without a name, and files opened but not written."""
    places = ["/", "/usr", "/usr/bin", "/etc", "/dev", "/lib", "/root", sys.prefix, sys.base_prefix]
    places += [bubblewrap.shown_folders()[-1], Path(bubblewrap.__file__).parent]
    if not any(ROOT.is_relative_to(private) for private in ("/tmp", "/home")):
        places.append(ROOT)  # else a folder of that name may be made in the private one
    nameless = "os.close(os.open(os.path.expanduser({!r}), os.O_TMPFILE | os.O_WRONLY))"
    attempts = [nameless.format(str(place)) for place in places]
    for name in (bubblewrap.__file__, "/usr/bin/env", "/etc/ld.so.cache", sys.executable):
        attempts.append(f"open({name!r}, 'r+').close()")
    for name in ("sys/kernel/core_pattern", "sys/kernel/hostname", "self/oom_score_adj"):
        attempts.append(f"open('/proc/{name}', 'r+').close()")
    assert [a for a, error in refused(kernel, attempts).items() if error is None] == []
    allowed = [nameless.format(place) for place in ("~", "/tmp", "/home", "/dev/shm")]
    assert set(refused(kernel, allowed).values()) == {None}


def test_there_are_no_rights_and_no_way_to_new_ones(kernel):
    status = value(kernel, "print(open('/proc/self/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
    assert (fields["NoNewPrivs"], fields["Uid"].split()[0]) == ("1", "1000")
    numbers = {"x86_64": (56, 29, 250, 425, 165), "aarch64": (220, 194, 219, 425, 40)}
    clone, shmget, keyctl, io_uring_setup, mount = numbers[os.uname().machine]
    calls = [
        "unshare(0x10000000)",
        f"syscall({clone}, 0x10000000 | 17, 0, 0, 0, 0)",
        "memfd_create(b'x', 0)",
        *(f"syscall({shmget}, 0, 1000000, 0o1600)", f"syscall({keyctl}, 0, -3, 0)"),
        *(f"syscall({io_uring_setup}, 1, 0)", f"syscall({mount}, b'x', b'/tmp', b'tmpfs', 0, 0)"),
    ]
    kernel.run("c = ctypes.CDLL(None, use_errno=True)")
    got = [value(kernel, f"print(c.{call}, errno.errorcode[ctypes.get_errno()])") for call in calls]
    assert dict(zip(calls, got, strict=True)) == dict.fromkeys(calls, "-1 ENOSYS")


def test_a_kernel_holds_no_file_and_no_process_of_the_machine(kernel):
    code = """
        for name in os.listdir("/proc/self/fd"):
            with __import__("contextlib").suppress(FileNotFoundError):  # the one that lists them
                print(os.readlink(f"/proc/self/fd/{name}"))
    """
    held = value(kernel, code).split()
    assert not [name for name in held if "pidfd" in name]
    kinds = {"pipe:", "socket:", "anon_inode:", "/dev/null"}
    own = {"/home/student/.ipython/profile_default/history.sqlite"}
    assert {name.partition("[")[0] for name in held} <= kinds | own


def test_every_namespace_is_the_sandbox_s_own(kernel):
    names = ("user", "pid", "mnt", "net", "ipc", "uts", "cgroup")
    theirs = value(kernel, f"print(*[os.readlink('/proc/self/ns/' + n) for n in {names}])").split()
    assert len(theirs) == len(names)
    assert not set(theirs) & {os.readlink(f"/proc/self/ns/{name}") for name in names}


def test_the_launcher_runs_nothing_of_the_submission(kernel, course):
    assert value(kernel, "print('up')") == "up"
    assert not (course / "ran outside").exists()


# What honest work needs


def test_torch_trains_a_net_inside(kernel):
    code = """
        import torch
        torch.manual_seed(0)
        net, x = torch.nn.Linear(3, 1), torch.randn(64, 3)
        y = x.sum(1, keepdim=True)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
        for _ in range(50):
            loss = torch.nn.functional.mse_loss(net(x), y)
            optimizer.zero_grad(); loss.backward(); optimizer.step()
        print(loss.item() < 1e-3)
    """
    assert value(kernel, code) == "True"


def test_the_catalogue_of_checks_works_inside(kernel):
    code = """
        from effcv_lab.softmax import entropy
        from effcv_lab.grading.a1_temperature import grade
        def plain(probs):
            return -torch.special.xlogy(probs, probs).sum(dim=1)
        print(grade("entropy", plain, points=4, seed=1), grade("entropy", lambda p: -plain(p), points=4, seed=1))
    """
    assert value(kernel, code).splitlines()[-1].startswith("4.0 ")


def test_input_is_refused_and_processes_can_be_started(kernel):
    assert kernel.run("input('name? ')").outputs[-1]["ename"] == "StdinNotImplementedError"
    assert (
        value(kernel, "print(subprocess.run(['echo', 'ü'], capture_output=True).stdout.decode())")
        == "ü"
    )
    code = "import multiprocessing as m; p = m.Pool(2); print(p.map(abs, [-1, -2])); p.terminate()"
    assert value(kernel, code) == "[1, 2]"


def test_two_kernels_at_once_do_not_see_each_other(kernel, tmp_path):
    mark = new_mark()
    with sandboxed_kernel(tmp_path, Settings(SMALL)) as other:
        value(
            other,
            background(mark) + "[open(p + '/theirs', 'w').close() for p in ('/tmp', '/dev/shm')]",
        )
        assert appears(mark)
        look = "print([n for p in ('/tmp', '/dev/shm', '/home') for n in os.listdir(p)])"
        assert eval(value(kernel, look)) == ["tmp", "student"][::-1] or "theirs" not in value(
            kernel, look
        )
        assert mark not in value(kernel, "print(subprocess.getoutput('ps ax -o args'))")
        assert (
            value(kernel, "print(len([n for n in os.listdir('/proc') if n.isdigit()]) < 4)")
            == "True"
        )
    assert gone(mark)


def test_nbclient_runs_a_notebook_in_it_as_nbgrader_does(tmp_path, monkeypatch):
    write_kernelspec(tmp_path / "jupyter", Settings(SMALL))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    folder = Path("/tmp", f"effcv-test-{os.getpid()}")
    folder.mkdir()
    try:
        config = Config(KernelManager={"transport": "ipc", "ip": str(folder / "k")})
        notebook = nbformat.v4.new_notebook()
        notebook.cells = [nbformat.v4.new_code_cell("import os; print(os.getcwd())")]
        resources = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, kernel_name=NAME, config=config, resources=resources).execute()
        assert notebook.cells[0].outputs[0].text == "/home/student\n"
        assert Status.read(beside(str(folder / "k"))).held["network"].startswith("closed")
        assert [path.name for path in folder.iterdir()] == ["k-status.json"]
    finally:
        shutil.rmtree(folder)


# Bombs


def test_files_are_bounded_one_by_one_and_together(small):
    code = """
        import errno
        def fill(place, size):
            try:
                for number in range(100):
                    with open(f"{place}/{number}", "wb") as file:
                        file.write(bytes(size))
            except OSError as error:
                return errno.errorcode[error.errno], number
        print(fill("/tmp", 6_000_000), fill("/tmp", 3_000_000), fill("/dev/shm", 3_000_000))
    """
    assert value(small, code) == "('EFBIG', 0) ('ENOSPC', 6) ('ENOSPC', 6)"


def test_the_number_of_files_is_bounded(small):
    outcome = small.run(
        "for i in range(2_000): open(f'/tmp/{i}', 'w').close()\nimport time; time.sleep(20)"
    )
    assert outcome.ended == "died"
    assert (end_of(small).reason, small.status.words) == (
        "files",
        "more than 300 files and folders",
    )


def test_a_process_cannot_have_more_memory_than_allowed(small, megabytes):
    bomb = f"x = bytearray({megabytes + 50} * 10**6)"
    assert small.run(bomb).outputs[-1]["ename"] == "MemoryError"
    assert value(small, "print('still here')") == "still here"


@pytest.mark.parametrize(
    "bomb",
    [
        "[os.fork() or (b'x' * (size // 4), time.sleep(20)) for _ in range(5)]",
        "m = mmap.mmap(-1, size * 5 // 4); [m.write(bytes(10**7)) for _ in range(size // 10**7 + 5)]",
    ],
    ids=["many processes", "shared"],
)
def test_all_processes_together_cannot_have_more_memory_than_allowed(small, megabytes, bomb):
    code = f"import mmap, os, time; size = {megabytes} * 10**6; {bomb}; time.sleep(20)"
    assert small.run(code).ended == "died"
    assert end_of(small).reason == "memory"
    assert small.status.words == f"more than {megabytes} MB of memory"


@pytest.mark.parametrize("kind", ["processes", "threads"])
def test_a_fork_bomb_ends_with_its_kernel(small, kind):
    more = {
        "processes": "[os.fork() for _ in range(7)]",
        "threads": "[threading.Thread(target=time.sleep, args=(20,)).start() for _ in range(100)]",
    }[kind]
    outcome = small.run(f"import os, threading, time; {more}; time.sleep(20)")
    if os.geteuid() != 0:  # then Linux itself refuses one too many
        names = [output.get("ename") for output in outcome.outputs]
        assert {"BlockingIOError", "RuntimeError"} & set(names), outcome
        return
    assert end_of(small).reason == "processes"
    assert small.status.words == "more than 32 processes and threads at a time"


def test_processor_time_is_bounded_together(tmp_path):
    limits = replace(SMALL, cpu_seconds=3)
    code = """
        import os, time
        os.fork()
        while time.process_time() < 2:
            pass
        time.sleep(20)
    """
    with sandboxed_kernel(tmp_path, Settings(limits)) as kernel:
        assert kernel.run(textwrap.dedent(code), 30).ended == "died"
        assert end_of(kernel).words == "more than 3 s of processor time"


def test_linux_bounds_each_process_as_well(small, megabytes):
    names = ("RLIMIT_CPU", "RLIMIT_DATA", "RLIMIT_NPROC", "RLIMIT_FSIZE", "RLIMIT_CORE")
    code = f"import resource as r; print([r.getrlimit(getattr(r, name)) for name in {names}])"
    bounds = [(20, 21), *[(most, most) for most in (megabytes * MB, 32, 5 * MB, 0)]]
    assert eval(value(small, code)) == bounds
    space, files = eval(
        value(small, "print((r.getrlimit(r.RLIMIT_AS), r.getrlimit(r.RLIMIT_NOFILE)))")
    )
    assert megabytes * MB < space[1] < 10_000 * MB and files[1] < 1000
    assert small.run("r.setrlimit(r.RLIMIT_FSIZE, (6_000_000, 6_000_000))").ended == "error"


def test_an_output_without_end_costs_the_reader_little_memory(tmp_path):
    code = f"""
        import resource, sys
        from effcv_lab.grading.sandbox.session import sandboxed_kernel
        with sandboxed_kernel({str(tmp_path)!r}) as kernel:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            for code in ("print('x' * 40_000_000)", "print(*['y' * 9_000 for _ in range(3_000)])"):
                outcome = kernel.run(code, 30)
                assert outcome.cut and len(outcome.text) <= 1_000_000, (outcome.ended, len(outcome.text))
            assert kernel.run("2 + 2").text == "4"
            print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 150, "MiB"


def test_messages_that_are_none_do_not_harm_the_reader(small):
    code = """
        import json
        kernel = get_ipython().kernel
        session, parent, socket = kernel.session, kernel.get_parent(), kernel.iopub_socket
        for kind in ("status", "stream", "display_data", "execute_result", "error", 7, None):
            for content in ({}, {"text": 5, "data": 3}, {"execution_state": [1]}, [1, 2], "x", None):
                parts = [session.msg_header(kind), parent["header"], {}, content]
                parts = [json.dumps(part, default=str).encode() for part in parts]
                socket.send_multipart([b"<IDS|MSG>", session.sign(parts), *parts])
                socket.send_multipart([b"<IDS|MSG>", b"a signature", *parts])
        broken = [b"{}", b"7", b"{", b"[" * 100_000]
        socket.send_multipart([b"<IDS|MSG>", session.sign(broken), *broken])
        socket.send_multipart([b"x"])
        print("sent")
    """
    outcome = small.run(textwrap.dedent(code))
    assert outcome.text.endswith("sent\n")
    assert value(small, "print('still here')") == "still here"


# Kernels that do not end, and kernels that do


def test_a_loop_is_interrupted_and_the_kernel_goes_on(small):
    assert small.run("while True: pass", seconds=0.5).ended == "timeout"
    assert value(small, "print('still here')") == "still here"


def test_a_kernel_that_does_not_heed_an_interrupt_is_ended(small):
    mark = new_mark()
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    assert small.run(background(mark) + code, seconds=0.5).ended == "timeout"
    assert not small.alive and gone(mark)
    assert small.status.reason == "stopped"


def test_what_runs_in_the_background_ends_with_the_kernel_that_leaves(small):
    mark = new_mark()
    outcome = small.run(background(mark) + "import os; os._exit(7)")
    assert outcome.ended == "died"
    assert gone(mark)
    status = end_of(small)
    assert (status.state, status.reason, status.code) == ("ended", "exit", 7)
    assert status.words == "the kernel ended by itself, with exit code 7"


def test_the_sandbox_ends_with_its_launcher(small):
    mark = new_mark()
    value(small, background(mark))
    assert appears(mark)
    small._manager.provisioner.process.kill()
    assert gone(mark)
    assert end_of(small).state == "running", "nobody was left to say that it ended"


def test_the_sandbox_ends_with_the_program_that_asked_for_it(tmp_path):
    mark = new_mark()
    code = f"""
        import tempfile, time
        tempfile.mkdtemp = lambda **_: {str(tmp_path)!r}
        from effcv_lab.grading.sandbox.session import sandboxed_kernel
        with sandboxed_kernel({str(tmp_path)!r}) as kernel:
            kernel.run({background(mark)!r})
            print("up", flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "up\n"
            assert appears(mark) and appears(str(tmp_path))
        finally:
            program.kill()
    assert gone(mark) and gone(str(tmp_path))


def test_nothing_is_left_behind(tmp_path, monkeypatch, address):
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "submission").mkdir()
    before, mounts = set(os.listdir("/tmp")), Path("/proc/self/mountinfo").read_text()
    with sandboxed_kernel(tmp_path / "submission", replace(WITH_TORCH, warm=address)) as kernel:
        own = f"effcv-{os.getpid()}-"  # other tests may run beside this one
        new = {name for name in os.listdir("/tmp") if name.startswith(own)} - before
        kernel.run("import os; open('left', 'w').close(); os.kill(os.getpid(), 9)")
        assert end_of(kernel).words == "the kernel was ended by signal 9"
    assert new and not new & set(os.listdir("/tmp"))
    assert os.listdir(tmp_path / "temporary") == os.listdir(tmp_path / "submission") == []
    assert Path("/proc/self/mountinfo").read_text() == mounts


# Warm starts


def test_every_kernel_draws_numbers_of_its_own(tmp_path, address):
    code = "import numpy, random; print(numpy.random.rand(), random.random())"
    drawn = set()
    for _ in range(2):
        with sandboxed_kernel(tmp_path, replace(WITH_TORCH, warm=address)) as kernel:
            drawn |= set(value(kernel, code).split())
    assert len(drawn) == 4


def test_a_warm_kernel_has_torch_and_a_cold_one_has_not(kernel, address):
    assert value(kernel, f"print({address is not None} == torch_at_the_start)") == "True"


def test_without_a_warm_interpreter_a_kernel_starts_cold(tmp_path):
    nobody = replace(WITH_TORCH, warm=str(tmp_path / "nobody"))
    with sandboxed_kernel(tmp_path, nobody) as kernel:
        assert value(kernel, "import sys; print('torch' in sys.modules)") == "False"
        assert kernel.status.held["network"].startswith("closed")


def test_a_warm_interpreter_ends_with_the_program_that_started_it():
    code = """
        import time
        from effcv_lab.grading.sandbox.settings import Settings
        from effcv_lab.grading.sandbox.warm import warm_interpreter
        with warm_interpreter(Settings()) as address:
            print(address, flush=True)
            time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        try:
            address = Path(program.stdout.readline().strip())
            children = psutil.Process(program.pid).children()
        finally:
            program.kill()
    assert len(children) == 1
    psutil.wait_procs(children, timeout=10)
    assert not children[0].is_running()
    shutil.rmtree(address.parent)


def test_the_benchmark_compares_both_starts(capsys):
    bench_sandbox.main(["--repeats", "1"])
    said = capsys.readouterr().out
    assert re.search(r"cold: .* s .*\nwarm: .* s .*\nratio \d+\.\d .*, 1 rounds\n", said)


# Where there is no sandbox


def test_without_bubblewrap_nothing_runs_and_the_message_says_what_to_install(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxUnavailable, match="apt install bubblewrap"):
        bubblewrap.require_sandbox()
    with pytest.raises(SandboxUnavailable, match=UNSAFE), sandboxed_kernel(tmp_path):
        pass


@pytest.mark.parametrize(
    "call",
    [
        "bubblewrap import require_sandbox; require_sandbox()",
        "session import sandboxed_kernel; sandboxed_kernel('.').__enter__()",
    ],
)
def test_where_the_system_refuses_a_sandbox_the_message_says_what_to_switch_on(call, tmp_path):
    """The system that refuses is a sandbox without further namespaces."""
    bubblewrap.require_sandbox()
    walls = ["--dev-bind", "/", "/", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"]
    code = f"from effcv_lab.grading.sandbox.{call}"
    command = ["bwrap", *walls, "--chdir", str(tmp_path), sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (
        "SandboxUnavailable: bubblewrap could not make a sandbox; it said: bwrap: " in done.stderr
    )
    assert "max_user_namespaces" in done.stderr or "container" in done.stderr


def test_only_the_very_words_switch_the_sandbox_off(tmp_path):
    with pytest.raises(
        ValueError, match="kind must be 'bubblewrap' or 'unsafe-no-sandbox', got 'unsafe'"
    ):
        Settings(kind="unsafe")
    before = set(os.listdir("/tmp"))
    (tmp_path / "data.txt").write_text("1")
    (tmp_path / "a1.ipynb").write_text("{}")
    with sandboxed_kernel(tmp_path, Settings(SMALL, kind=UNSAFE)) as kernel:
        place, names = eval(value(kernel, "import os; print((os.getcwd(), os.listdir('.')))"))
        assert set(names) & {"data.txt", "a1.ipynb"} == {"data.txt"}
        assert kernel.status.held["network"].startswith("NOT HELD")
        assert kernel.run("x = bytearray(450_000_000)").outputs[-1]["ename"] == "MemoryError"
    assert not Path(place).exists() and not {
        n for n in set(os.listdir("/tmp")) - before if "effcv" in n
    }


def test_two_kernels_without_a_sandbox_are_kept_apart_and_leave_nothing_at_home(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    (tmp_path / "work").mkdir()
    open_ = Settings(SMALL, kind=UNSAFE)
    with (
        sandboxed_kernel(tmp_path / "work", open_) as one,
        sandboxed_kernel(tmp_path / "work", open_) as two,
    ):
        (mine, yours) = (eval(value(k, "import os; print(repr(os.getcwd()))")) for k in (one, two))
        assert mine != yours
        assert not list((tmp_path / "home").glob(".connection*"))


@pytest.mark.parametrize(("files", "size"), [(1, 11 * MB), (151, 1)], ids=["size", "number"])
def test_a_folder_that_is_too_large_is_refused_with_a_reason(tmp_path, files, size):
    for number in range(files):
        (tmp_path / f"{number:03}.bin").write_bytes(bytes(size))
    reason = f"at most 150 and fill at most 10 MB together: '{files - 1:03}.bin' is one too many"
    with pytest.raises(RuntimeError, match=reason), sandboxed_kernel(tmp_path, Settings(SMALL)):
        pass


def test_an_environment_that_has_the_submissions_in_it_is_refused():
    with pytest.raises(SandboxUnavailable, match="keep the environment in a folder of its own"):
        bubblewrap.arguments(Path(sys.prefix, "share"), Settings(SMALL), info=3, filter_=None)


def test_what_is_held_can_be_asked(kernel):
    assert kernel.status.state == "running"
    assert kernel.status.held == what_is_held(WITH_TORCH)
    by_linux = "by Linux (RLIMIT_NPROC)" in kernel.status.held["processes"]
    assert by_linux == (os.geteuid() != 0), "Linux does not bound the number of root's processes"
    assert not any(text.startswith("NOT HELD") for text in kernel.status.held.values())


@pytest.mark.parametrize("name", list(Limits().as_dict()))
def test_a_limit_that_cannot_be_is_refused_by_its_name(name):
    with pytest.raises(ValueError, match=f"{name} must be a whole number .*, got 0"):
        Limits(**{name: 0})
    with pytest.raises(TypeError, match=f"{name} must be a whole number"):
        Limits(**{name: 1.5})
