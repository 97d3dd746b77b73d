"""The doctor finds what was really broken, names the mend, and never breaks down itself."""

import json
import os
import shutil
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from effcv_lab import doctor
from effcv_lab.doctor import finding, jupyter, machine, packages, torch_build

GOOD_TORCH = """
__version__ = "2.15.0+stub"
class _Tensor:
    def __matmul__(self, other): return self
class _NotHere:
    is_available = staticmethod(lambda: False)
class version: cuda = None
class backends: mps = _NotHere
cuda = _NotHere
ones = tensor = lambda *a: _Tensor()
"""
GOOD_TORCHVISION = """
__version__ = "0.29.2"
class ops:
    @staticmethod
    def nms(*a): return None
"""


@pytest.fixture
def stub_site(tmp_path, monkeypatch):
    """A folder that comes first on the path of every process that is started."""
    site = tmp_path / "site"
    site.mkdir()
    (site / "torch.py").write_text(GOOD_TORCH)
    (site / "torchvision.py").write_text(GOOD_TORCHVISION)
    monkeypatch.setenv("PYTHONPATH", str(site))
    monkeypatch.delenv("EFFCV_DEVICE", raising=False)
    return site


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course folder of our own, in which the test is run."""
    folder = tmp_path / "course"
    (folder / "effcv_lab").mkdir(parents=True)
    write_course(folder, ["tqdm"], "tqdm==" + packages.installed_version("tqdm"))
    monkeypatch.chdir(folder)
    return folder


def write_course(folder, needed, constraints, for_tests=()):
    (folder / "constraints.txt").write_text(f"# tried\n{constraints}\n")
    (folder / "pyproject.toml").write_text(
        f"[project]\ndependencies = {json.dumps(list(needed))}\n"
        f"[project.optional-dependencies]\ntest = {json.dumps(list(for_tests))}\n"
    )


def run_doctor(**environment):
    return subprocess.run(
        [sys.executable, "-m", "effcv_lab.doctor"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
    )


def by_name(findings):
    return {entry.name: entry for entry in findings}


# --- the report as a whole


def test_one_line_each_and_exit_code_0_where_nothing_is_missing(stub_site):
    done = run_doctor()
    assert done.returncode == 0, done.stdout
    assert done.stderr == ""
    *lines, blank, closing = done.stdout.splitlines()
    assert len(lines) >= len(doctor.CHECKS)
    assert {line[:6] for line in lines} <= {"ok    ", "warn  "}
    assert blank == "" and closing.startswith("Everything that the course needs is here.")


def test_exit_code_1_and_the_other_checks_go_on_when_torch_is_missing(stub_site):
    (stub_site / "torch.py").write_text("raise ModuleNotFoundError(\"No module named 'torch'\")")
    done = run_doctor()
    assert done.returncode == 1 and done.stderr == ""
    assert "\nFAIL  torch         does not work: ModuleNotFoundError" in done.stdout
    for name in ("python", "kernel", "memory", "bubblewrap"):
        assert f"  {name} " in done.stdout


def test_the_doctor_does_not_import_what_it_checks():
    code = "import sys, effcv_lab.doctor; print({'torch', 'numpy', 'ipykernel'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_check_that_breaks_down_is_a_finding(monkeypatch, capsys):
    def broken():
        raise OSError("disk\nfell out")

    monkeypatch.setattr(doctor, "CHECKS", {"disk": broken, "python": packages.check_python})
    findings = doctor.examine()
    assert [entry.status for entry in findings] == ["FAIL", "ok"]
    assert "OSError: disk fell out" in findings[0].line()
    assert doctor.report(findings) == 1
    assert capsys.readouterr().out.count("\n") == 4


def test_a_warning_alone_is_no_failure(capsys):
    assert doctor.report([doctor.Finding("warn", "chromium", "not found")]) == 0
    assert "1 to note" in capsys.readouterr().out


# --- packages


def test_a_package_that_is_not_installed_fails_with_the_pinned_install(course, monkeypatch):
    monkeypatch.setattr(packages, "in_conda", lambda: False)
    write_course(course, ["tqdm", "no-such-thing>=1"], "no_such-thing==1.2.3")
    findings = by_name(packages.check_packages())
    assert findings["no-such-thing"].status == "FAIL"
    assert findings["no-such-thing"].mend.endswith("-m pip install no-such-thing==1.2.3")
    assert findings["packages"].says.startswith("1 of 2")
    assert findings["packages"].status == "warn"


def test_another_version_than_the_one_tried_is_named(course):
    write_course(course, ["tqdm"], "tqdm==0.0.1")
    entry = by_name(packages.check_packages())["tqdm"]
    assert entry.status == "warn" and "tried with 0.0.1" in entry.says
    assert packages.installed_version("tqdm") in entry.says


def test_the_mark_of_a_build_is_no_other_version(course, monkeypatch):
    write_course(course, ["torch"], "torch==2.15.0")
    monkeypatch.setattr(packages.metadata, "version", lambda name: "2.15.0+cpu")
    assert [entry.status for entry in packages.check_packages()] == ["ok"]


def test_packages_for_tests_are_only_noted(course):
    write_course(course, ["tqdm"], "", for_tests=["no-such-thing"])
    entry = by_name(packages.check_packages())["for tests"]
    assert entry.status == "warn" and "only for `make test`" in entry.says


def test_without_a_course_folder_the_package_itself_says_what_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "course_folder", lambda: None)
    needed, for_tests = packages.direct_dependencies()
    assert {"torch", "torchvision", "jupyterlab"} <= set(needed)
    assert "pytest" in for_tests and "pytest" not in needed
    assert "no constraints.txt" in packages.check_packages()[0].says


def test_conda_users_are_told_a_conda_command(course, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "conda"))
    (tmp_path / "conda" / "conda-meta").mkdir(parents=True)
    write_course(course, ["no-such-thing"], "")
    mend = by_name(packages.check_packages())["no-such-thing"].mend
    assert mend == f"conda env update --file {course / 'environment.yml'}"


def test_an_old_python_fails_on_every_system(monkeypatch):
    monkeypatch.setattr(packages, "NEEDED_PYTHON", (99, 0))
    commands = {}
    for system in ("linux", "darwin", "win32"):
        monkeypatch.setattr(sys, "platform", system)
        (entry,) = packages.check_python()
        assert entry.status == "FAIL" and "99.0 or newer" in entry.says
        commands[system] = entry.mend
    assert "apt" in commands["linux"] and "brew" in commands["darwin"]
    assert "winget" in commands["win32"]


# --- torch, torchvision, device


def test_torchvision_of_another_build_is_explained(stub_site):
    (stub_site / "torchvision.py").write_text(
        'raise RuntimeError("operator torchvision::nms does not exist")'
    )
    findings = by_name(torch_build.check_torch())
    assert findings["torch"].status == findings["device"].status == "ok"
    entry = findings["torchvision"]
    assert entry.status == "FAIL" and "take both from one place" in entry.says
    pins = packages.read_pins(packages.course_folder())
    assert f"torch=={pins['torch']} torchvision=={pins['torchvision']}" in entry.mend


def test_a_torch_that_kills_its_process_is_survived(stub_site):
    (stub_site / "torch.py").write_text("import os; os._exit(77)")
    (entry,) = torch_build.check_torch()
    assert entry.status == "FAIL" and "exit code 77" in entry.says


def test_a_torch_that_hangs_is_survived(stub_site, monkeypatch):
    (stub_site / "torch.py").write_text("import time; time.sleep(60)")
    monkeypatch.setattr(torch_build, "TIMEOUT_SECONDS", 1)
    (entry,) = torch_build.check_torch()
    assert entry.status == "FAIL" and "no answer within 1 seconds" in entry.says


def test_torchvision_is_tried_and_not_just_imported(stub_site):
    (stub_site / "torchvision.py").write_text('__version__ = "1"\nclass ops: pass')
    assert by_name(torch_build.check_torch())["torchvision"].status == "FAIL"


@pytest.mark.parametrize(("wish", "status"), [("cpu", "ok"), ("cuda", "FAIL"), ("tpu", "FAIL")])
def test_a_device_that_is_asked_for_must_be_there(stub_site, monkeypatch, wish, status):
    monkeypatch.setenv("EFFCV_DEVICE", wish)
    entry = by_name(torch_build.check_torch())["device"]
    assert entry.status == status and f"EFFCV_DEVICE={wish}" in entry.says
    assert (entry.mend == "") == (status == "ok")


@pytest.mark.parametrize(
    ("cuda", "mps", "said"),
    [(True, False, "cuda (Some GPU)"), (False, True, "mps ("), (False, False, "cpu (")],
)
def test_the_best_device_is_named(monkeypatch, cuda, mps, said):
    monkeypatch.delenv("EFFCV_DEVICE", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    entry = torch_build._device(cuda, mps, "Some GPU" if cuda else None)
    assert entry.status == "ok" and entry.says.startswith(said)


def test_a_gpu_that_torch_does_not_see_is_noted(monkeypatch):
    monkeypatch.delenv("EFFCV_DEVICE", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    entry = torch_build._device(False, False, None)
    assert entry.status == "warn" and "does not see the GPU" in entry.says and entry.mend


# --- Jupyter


@pytest.fixture
def jupyter_folder(tmp_path, monkeypatch):
    """Files for Jupyter that come before the environment's own."""
    folder = tmp_path / "jupyter"
    for name in ("JUPYTER_PATH", "JUPYTER_CONFIG_PATH"):
        monkeypatch.setenv(name, str(folder))
    return folder


def write_json(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("program", "status"),
    [
        ("python", "ok"),
        ("python3", "ok"),
        (sys.executable, "ok"),
        (str(Path(sys.executable).with_name("python3.11")), "ok"),
        ("/elsewhere/bin/python", "FAIL"),
    ],
)
def test_the_kernel_must_start_this_python(jupyter_folder, program, status):
    argv = [program, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Mine", "language": "python"}
    write_json(jupyter_folder / "kernels" / "python3" / "kernel.json", spec)
    (entry,) = jupyter.check_kernel()
    assert entry.status == status
    if status == "FAIL":
        assert program in entry.says and "ipykernel install --sys-prefix" in entry.mend


def test_without_ipykernel_there_is_no_kernel(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    (entry,) = jupyter.check_kernel()
    assert entry.status == "FAIL" and "pip install ipykernel" in entry.mend


@pytest.mark.parametrize(("name", "status"), [("anywidget", "FAIL"), ("@jupyter/nbgrader", "warn")])
def test_a_disabled_lab_extension_is_found(jupyter_folder, name, status):
    page = {"disabledExtensions": {name: True}}
    write_json(jupyter_folder / "labconfig" / "page_config.json", page)
    (entry,) = jupyter.check_lab_extensions()
    assert entry.status == status and f"{name} is disabled" in entry.says
    assert entry.mend.endswith(f"-m jupyter labextension enable {name}")


def test_a_missing_lab_extension_is_found(tmp_path, monkeypatch):
    import jupyter_core.paths

    monkeypatch.setattr(jupyter_core.paths, "jupyter_path", lambda *a: [str(tmp_path)])
    findings = jupyter.check_lab_extensions()
    assert [entry.status for entry in findings] == ["FAIL", "FAIL", "warn"]
    assert "jupyterlab-widgets" in findings[0].mend and "anywidget" in findings[1].mend


def test_a_disabled_server_extension_is_found(jupyter_folder):
    name = "nbgrader.server_extensions.formgrader"
    state = {"ServerApp": {"jpserver_extensions": {name: False}}}
    write_json(jupyter_folder / "jupyter_server_config.d" / "mine.json", state)
    (entry,) = jupyter.check_server_extensions()
    assert entry.status == "warn" and f"{name} is disabled" in entry.says
    assert entry.mend.endswith(f"-m jupyter server extension enable {name}")


def test_a_damaged_configuration_file_is_passed_over(jupyter_folder):
    write_json(jupyter_folder / "labconfig" / "page_config.json", [])
    (jupyter_folder / "jupyter_server_config.json").write_text("{")
    assert [entry.status for entry in jupyter.check_lab_extensions()] == ["ok"]
    assert [entry.status for entry in jupyter.check_server_extensions()] == ["ok"]


# --- the machine


def test_a_file_that_hides_a_module_is_found(course):
    assert [entry.status for entry in machine.check_file_names()] == ["ok"]
    for name in ("ssl.py", "tqdm.py", "mine.py"):
        (course / name).write_text("")
    findings = machine.check_file_names()
    assert [Path(entry.says.split()[0]).name for entry in findings] == ["ssl.py", "tqdm.py"]
    assert {entry.status for entry in findings} == {"FAIL"}


def test_a_file_beside_a_notebook_is_found_too(course):
    (course / "lectures").mkdir()
    (course / "lectures" / "ssl.py").write_text("")
    assert machine.check_file_names()[0].status == "FAIL"


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "truncated":
        del content[len(content) // 2 :]
    elif how == "one bit":
        content[len(content) // 2] ^= 1
    path.unlink()
    if how != "missing":
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["truncated", "one bit", "missing"])
def test_damaged_data_are_found(tmp_path, monkeypatch, how):
    assets = tmp_path / "effcv_lab" / "assets"
    shutil.copytree(machine.ASSETS, assets)
    monkeypatch.setattr(machine, "ASSETS", assets)
    assert [entry.status for entry in machine.check_data()] == ["ok"]
    damage(assets / machine.PACKAGED[0], how)
    (entry,) = machine.check_data()
    assert entry.status == "FAIL" and machine.PACKAGED[0] in entry.says and entry.mend
    (tmp_path / ".git").mkdir()
    (entry,) = machine.check_data()
    assert entry.mend.startswith("git checkout -- effcv_lab/assets/")


def test_a_cache_that_cannot_be_written_is_noted(tmp_path, monkeypatch):
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "new" / "cache"))
    assert machine.check_cache()[0].status == "ok"
    assert list((tmp_path / "new" / "cache").iterdir()) == []
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("EFFCV_CACHE", str(tmp_path / "file" / "cache"))
    (entry,) = machine.check_cache()
    assert entry.status == "warn" and "EFFCV_CACHE" in entry.mend


@pytest.mark.parametrize(("free", "status"), [(0.4e9, "warn"), (8e9, "ok")])
def test_little_free_memory_is_noted(monkeypatch, free, status):
    import psutil

    memory = namedtuple("memory", "available")
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory(free))
    (entry,) = machine.check_memory()
    assert entry.status == status
    assert float(entry.says.split()[0]) <= free / 1e9


def test_memory_that_nobody_can_tell_is_noted(monkeypatch):
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert machine.check_memory()[0].status == "warn"


def test_programs_for_tests_and_grading_are_optional(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(machine, "CHROMIUM_PATHS", ())
    findings = machine.check_chromium() + machine.check_bubblewrap()
    assert [entry.status for entry in findings] == ["warn", "warn"]
    assert "only for the browser tests" in findings[0].says
    assert "only for grading" in findings[1].says
    assert findings[0].mend and findings[1].mend


@pytest.mark.skipif(sys.platform == "win32", reason="the stub is a shell script")
def test_a_sandbox_that_cannot_start_is_noted(tmp_path, monkeypatch):
    stub = tmp_path / "bwrap"
    stub.write_text("#!/bin/sh\necho 'bwrap: setting up uid map: Permission denied' >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    (entry,) = machine.check_bubblewrap()
    assert entry.status == "warn" and "Permission denied" in entry.says
    assert "apparmor_restrict_unprivileged_userns" in entry.mend


# --- commands as they are typed


def test_commands_are_quoted_as_the_shell_of_the_system_wants_it(monkeypatch):
    words = ("/my python/python", "-m", "pip", "install", "tqdm==1.0")
    monkeypatch.setattr(sys, "platform", "linux")
    assert finding.command(*words) == "'/my python/python' -m pip install tqdm==1.0"
    monkeypatch.setattr(sys, "platform", "win32")
    assert finding.command(*words) == '& "/my python/python" -m pip install "tqdm==1.0"'


def test_a_line_is_one_line_with_the_command_at_its_end():
    entry = doctor.Finding("FAIL", "torch", "is not installed", "pip install torch")
    assert entry.line().endswith("is not installed. To mend: pip install torch")
    assert "\n" not in entry.line()
