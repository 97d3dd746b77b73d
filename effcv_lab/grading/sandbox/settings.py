"""What is chosen once for a class and read at each start of a kernel."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from effcv_lab.arguments import one_of
from effcv_lab.grading.sandbox.limits import Limits

#: The words with which somebody asks for a kernel without a sandbox.
UNSAFE = "unsafe-no-sandbox"
KINDS = ("bubblewrap", UNSAFE)


@dataclass(frozen=True)
class Settings:
    """How submissions are held.

    Parameters
    ----------
    limits : Limits
    kind : {"bubblewrap", "unsafe-no-sandbox"}
        The second runs a stranger's code as the person who grades: it may read, write and send what that person may.
    variables : dict of str
        Environment variables of the kernel. Nothing of the grader's own environment gets in.
    cache : str, optional
        A folder of trained nets that kernels may read (:mod:`effcv_lab.cache`): what an assignment trains for show is then
        trained once for a class. Nothing else may lie in it.
    preload : tuple of str
        Modules that a warm interpreter imports; one that it cannot import is left to the submissions.
    warm : str, optional
        Address of a warm interpreter (:func:`effcv_lab.grading.sandbox.warm.warm_interpreter`): kernels then start as forks
        of it, behind the same walls. While nobody answers there, they start cold.

    Raises
    ------
    ValueError
        If ``kind`` is another word.

    Examples
    --------
    >>> Settings.from_json(Settings(Limits(processes=64)).to_json()).limits.processes
    64
    """

    limits: Limits = field(default_factory=Limits)
    kind: str = "bubblewrap"
    variables: dict[str, str] = field(default_factory=lambda: {"OMP_NUM_THREADS": "1"})
    cache: str | None = None
    preload: tuple[str, ...] = ()
    warm: str | None = None

    def __post_init__(self):
        one_of("kind", self.kind, KINDS)

    def kernel_variables(self, cache: str | None) -> dict[str, str]:
        """Return the kernel's variables, given where it sees the folder of trained nets.

        Examples
        --------
        >>> Settings(variables={}).kernel_variables("/nets")
        {'EFFCV_CACHE': '/nets'}
        """
        return self.variables | ({"EFFCV_CACHE": cache} if cache else {})

    def to_json(self) -> str:
        """Return the settings as a text."""
        content = {
            "limits": self.limits.as_dict(),
            "kind": self.kind,
            "variables": self.variables,
            "cache": self.cache,
            "preload": self.preload,
            "warm": self.warm,
        }
        return json.dumps(content, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Settings:
        """Return the settings of a text."""
        content = json.loads(text)
        limits, preload = Limits(**content["limits"]), tuple(content["preload"])
        return cls(**content | {"limits": limits, "preload": preload})

    @classmethod
    def load(cls, path: str | Path) -> Settings:
        """Read settings from a file."""
        return cls.from_json(Path(path).read_text(encoding="utf-8"))
