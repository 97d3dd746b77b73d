"""Torch, the torchvision that belongs to it, and the device; tried in a process of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

from effcv_lab.doctor.finding import Finding, by_system
from effcv_lab.doctor.packages import install

#: A broken build may end the process that imports it, so each step is said before the next.
PROBE = """
import json
def say(name, **facts):
    print("effcv-probe " + json.dumps([name, facts]), flush=True)
import torch
torch.ones(2, 2) @ torch.ones(2, 2)
say("torch", version=torch.__version__, cuda_build=torch.version.cuda)
cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
say("device", cuda=cuda, mps=mps, gpu=torch.cuda.get_device_name() if cuda else None)
import torchvision
boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
torchvision.ops.nms(boxes, torch.ones(1), 0.5)
say("torchvision", version=torchvision.__version__)
"""
TIMEOUT_SECONDS = 180


def check_torch() -> list[Finding]:
    """Check that torch and torchvision compute together, and find the device."""
    said, trouble = _probe()
    if "torch" not in said:
        mend = install("torch", "torchvision", again=True)
        return [Finding("FAIL", "torch", f"does not work: {trouble}", mend)]
    version = said["torch"]["version"]
    build = f"for CUDA {said['torch']['cuda_build']}" if said["torch"]["cuda_build"] else "no CUDA"
    findings = [Finding("ok", "torch", f"{version} ({build})")]
    if "torchvision" in said:
        says = f"{said['torchvision']['version']}, works beside torch {version}"
        findings.append(Finding("ok", "torchvision", says))
    else:
        findings.append(_no_torchvision(version, trouble))
    if "device" in said:
        findings.append(_device(**said["device"]))
    else:
        findings.append(Finding("FAIL", "device", f"could not be asked for: {trouble}"))
    return findings


def _probe() -> tuple[dict[str, dict], str]:
    """Run the probe; return what it said by name, and in one line what stopped it."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        output = output.decode(errors="replace") if isinstance(output, bytes) else output
        return _said(output), f"no answer within {TIMEOUT_SECONDS} seconds"
    lines = done.stderr.strip().splitlines() or [f"it ended with exit code {done.returncode}"]
    return _said(done.stdout), lines[-1].strip()


def _said(output: str) -> dict[str, dict]:
    lines = [
        line.split(" ", 1)[1] for line in output.splitlines() if line.startswith("effcv-probe")
    ]
    return dict(json.loads(line) for line in lines)


def _no_torchvision(version: str, trouble: str) -> Finding:
    """Explain the usual cause: the two come from different indexes or do not fit in version."""
    if "torchvision::nms" in trouble or "undefined symbol" in trouble:
        trouble += f" (it was not built for this torch, {version}: take both from one place)"
    mend = install("torch", "torchvision", again=True)
    return Finding("FAIL", "torchvision", f"does not work: {trouble}", mend)


def _device(cuda: bool, mps: bool, gpu: str | None) -> Finding:
    """Say where computing happens, and whether ``EFFCV_DEVICE`` asks for what is there."""
    there = {"cuda": cuda, "mps": mps, "cpu": True}
    best = next(kind for kind, is_there in there.items() if is_there)
    wish = os.environ.get("EFFCV_DEVICE") or "auto"
    kind = wish.partition(":")[0]
    if kind != "auto" and not there.get(kind, False):
        why = "is not on this machine" if kind in there else "is not auto, cpu, cuda or mps"
        unset = by_system(
            linux="unset EFFCV_DEVICE",
            macos="unset EFFCV_DEVICE",
            windows="Remove-Item Env:EFFCV_DEVICE",
        )
        return Finding("FAIL", "device", f"EFFCV_DEVICE={wish} {why}; {best} is", unset)
    chosen = best if kind == "auto" else wish
    name = f"{gpu}" if kind in ("auto", "cuda") and cuda else f"{os.cpu_count()} cores"
    asked = f", as EFFCV_DEVICE={wish} says" if "EFFCV_DEVICE" in os.environ else ""
    if kind == "auto" and not cuda and shutil.which("nvidia-smi"):
        says = f"{best} ({name}): there is an NVIDIA driver, but this torch does not see the GPU"
        return Finding("warn", "device", says, install("torch", "torchvision", again=True))
    return Finding("ok", "device", f"{chosen} ({name}){asked}")
