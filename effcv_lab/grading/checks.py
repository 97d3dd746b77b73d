"""Checks that explain: what a function promised, what it kept, and which idea went astray.

An assignment is a dictionary of :class:`FunctionCheck`, one for each graded function: the right
version, its promises (:mod:`effcv_lab.grading.promises`) with the share of the points that each
is worth, and a catalogue of wrong versions. A student whose numbers equal those of a wrong version
is told what that version gets wrong.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, is_dataclass, replace
from typing import Any

import torch

from effcv_lab.grading.calling import Call, call, is_stub, ordinary_torch
from effcv_lab.grading.comparing import difference_in_kind, identical, show, size
from effcv_lab.grading.outcomes import Finding, Misconception, Outcome, explain
from effcv_lab.grading.pristine import Guarded, Repairs, as_imported, remember, undisturbed
from effcv_lab.grading.promises import Promise, same_outcome

HIDDEN_ROUNDS = 3  # times that each promise is drawn anew when it counts


@dataclass(frozen=True)
class _Trial:
    """One case of a promise, tried on the student's function."""

    args: tuple
    wanted: Any
    call: Call
    problem: str | None


@dataclass(frozen=True)
class _Tried:
    """One promise with all its trials, and what wrong versions did in them as far as somebody asked."""

    promise: Promise
    trials: list[_Trial]
    versions: dict[tuple[str, int], Call] = field(default_factory=dict)

    @property
    def broken(self) -> list[_Trial]:
        return [trial for trial in self.trials if trial.problem]

    def _calls(self, misconception: Misconception) -> Iterator[tuple[Call, _Trial]]:
        """Let a wrong version meet one trial after the other; the same numbers make it do the same each time."""
        for number, trial in enumerate(self.trials):
            key = (misconception.name, number)
            if key not in self.versions:
                self.versions[key] = self.promise.call(misconception.version, trial.args)
            yield self.versions[key], trial

    def same_as(self, misconception: Misconception) -> bool:
        """Tell whether the wrong version does in every case what the student's function did."""
        return all(same_outcome(done, trial.call) for done, trial in self._calls(misconception))

    def broken_by(self, misconception: Misconception) -> bool:
        """Tell whether the wrong version breaks this promise."""
        return any(
            self.promise.problem(done, trial.args, trial.wanted)
            for done, trial in self._calls(misconception)
        )


@dataclass(frozen=True)
class FunctionCheck:
    """Everything that is known about one graded function.

    Parameters
    ----------
    reference : callable
        The right version; its name is the function's.
    promises : list of Promise
        The first shows what the function returns for usual inputs.
    misconceptions : list of Misconception
    arguments : names, optional
        What the assignment calls the arguments, where the reference calls them otherwise.
    """

    reference: Callable
    promises: list[Promise]
    misconceptions: list[Misconception]
    arguments: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The function's name."""
        return self.reference.__name__

    def check(
        self, function: Callable, seed: int, points: float = 1.0, hidden: bool = False
    ) -> Outcome:
        """Try a student's function on fresh random inputs and explain what comes out.

        Parameters
        ----------
        function : callable
            Whatever the student's name stands for; a wrong kind of thing is explained too.
        seed : int
            Draws the inputs; the same seed draws the same.
        points : float
            Full marks; every promise kept earns its share.
        hidden : bool
            Also try the promises kept for grading, and draw every case several times.
        """
        with as_imported() as repairs, ordinary_torch():
            outcome = self._outcome(function, seed, points, hidden, repairs)
        lines = [outcome.text, repairs.told()]
        return replace(outcome, text="\n".join(filter(None, lines)))

    def _outcome(
        self, function: Callable, seed: int, points: float, hidden: bool, repairs: Repairs
    ) -> Outcome:
        """Call the function with all inputs; only then draw them anew, answer them and judge."""
        if not callable(function):
            text = f"`{self.name}` is not a function but {type(function).__name__}."
            return Outcome(0.0, points, text)
        promises = [p for p in self.promises if hidden or not p.hidden]
        calls: list[Call] = []
        drawn = self._drawn(promises, seed, hidden)
        for promise, args in drawn:
            done = promise.call(Guarded(function, repairs, promise.looks), args)
            if not calls and is_stub(function, done.error):
                return Outcome(0.0, points, f"`{self.name}` is not written yet.")
            if done.kit_function:
                return Outcome(0.0, points, self._kit_text(done.kit_function))
            calls.append(done)
        repairs.now()
        with undisturbed(), ordinary_torch():  # once more: the function may have set something
            anew = self._drawn(promises, seed, hidden)
            if not all(
                _unaltered(args, same) for (_, args), (_, same) in zip(drawn, anew, strict=True)
            ):
                repairs.lost.append("the inputs that this check had put aside")
            if repairs.lost:
                return Outcome(0.0, points, f"{self.name}: 0 of {points:g} points")
            findings = self._findings(self._judged(promises, calls, anew))
            later = len(self.promises) - len(promises)
            return explain(self.name, findings, points, [done.said for done in calls], later)

    def _drawn(
        self, promises: list[Promise], seed: int, hidden: bool
    ) -> list[tuple[Promise, tuple]]:
        """Draw the arguments of all cases."""
        generator = torch.Generator().manual_seed(seed)
        rounds = range(HIDDEN_ROUNDS if hidden else 1)
        return [(p, args) for p in promises for _ in rounds for args in p.draw(generator)]

    def _judged(
        self, promises: list[Promise], calls: list[Call], drawn: list[tuple[Promise, tuple]]
    ) -> list[_Tried]:
        trials: dict[int, list[_Trial]] = {id(promise): [] for promise in promises}
        for (promise, args), done in zip(drawn, calls, strict=True):
            wanted = promise.wanted(self.reference, args)
            problem = promise.problem(done, args, wanted)
            trials[id(promise)].append(_Trial(args, wanted, done, problem))
        return [_Tried(promise, trials[id(promise)]) for promise in promises]

    def _kit_text(self, kit_function: str) -> str:
        return (
            f"`{self.name}` ran {kit_function}. The kit's own functions may be read, but not "
            "called here: write the steps yourself. All of torch is yours to use."
        )

    def _findings(self, tried: list[_Tried]) -> list[Finding]:
        answers = any(t.call.error is None and t.call.result is not None for t in tried[0].trials)
        findings = []
        for one in tried:
            if not one.broken and answers:
                findings.append(Finding(one.promise, kept=True))
            elif not one.broken:
                findings.append(Finding(one.promise, False, problem="not while it never answers"))
            else:
                smallest = min(one.broken, key=lambda trial: size(trial.args))
                cause = self._diagnose(one, tried)
                inputs, problem = self._inputs(smallest.args), str(smallest.problem)
                findings.append(Finding(one.promise, False, inputs, problem, cause))
        return findings

    def _inputs(self, args: tuple) -> str:
        names = self.arguments or tuple(inspect.signature(self.reference).parameters)
        return "\n".join(
            f"  {name} = " + show(value).replace("\n", "\n" + " " * (len(name) + 5))
            for name, value in zip(names, args, strict=False)
        )

    def _diagnose(self, one: _Tried, tried: list[_Tried]) -> Misconception | None:
        """Find the wrong version that did the same on this promise, at best on all others too.

        It must break this promise, and none that the student's function keeps.
        """
        kept = [other for other in tried if not other.broken]

        def explains(m: Misconception) -> bool:
            return one.broken_by(m) and not any(other.broken_by(m) for other in kept)

        alike = [m for m in self.misconceptions if one.same_as(m) and explains(m)]
        if alike:
            return max(alike, key=lambda m: sum(other.same_as(m) for other in tried))
        for misconception in self.misconceptions:
            if (
                misconception.recognises
                and all(_recognised(misconception, trial) for trial in one.broken)
                and explains(misconception)
            ):
                return misconception
        return None


def _unaltered(args: tuple, drawn_again: tuple) -> bool:
    """Tell whether inputs are still those that were drawn: who goes up the stack can reach them."""
    pairs = list(zip(args, drawn_again, strict=True))
    fields = [(vars(a), vars(b)) for a, b in pairs if is_dataclass(a)]
    return all(identical(a, b) for a, b in pairs + fields)


def _recognised(misconception: Misconception, trial: _Trial) -> bool:
    """Ask the misconception about one result; a result that it cannot read is not its own."""
    result, wanted = trial.call.result, trial.wanted
    if trial.call.error is not None or (wanted is not None and difference_in_kind(result, wanted)):
        return False  # nothing was returned, or something of another kind
    answer = call(lambda: misconception.recognises(trial.args, result), ())  # some have no copy
    return answer.error is None and bool(answer.result)


def grade(
    check: FunctionCheck, function: Callable, *, points: float, seed: int, hidden: bool = False
) -> float:
    """Check, print the explanation to stdout, and return the points: a test cell's last value."""
    outcome = check.check(function, seed, points, hidden)
    print(outcome.text)
    return outcome.points


def grader(checks: dict[str, FunctionCheck]) -> Callable[..., float]:
    """Return an assignment's own ``grade(name, function, *, points, seed, hidden=False)``.

    The assignment is complete then: its checks are remembered as they are.
    """
    remember()
    checks = dict(checks)  # one of its own: what is put into the assignment's later is not asked

    def grade_by_name(
        name: str, function: Callable, *, points: float, seed: int, hidden: bool = False
    ) -> float:
        """Check one function of the assignment, print the explanation, return the points earned."""
        return grade(checks[name], function, points=points, seed=seed, hidden=hidden)

    return grade_by_name


def by_name(*checks: FunctionCheck) -> dict[str, FunctionCheck]:
    """List an assignment's checks under the names of their functions."""
    return {check.name: check for check in checks}


remembered = remember(unfinished=__name__)
