"""Promises about batches that are drawn at random: what any right version shows, whatever it draws.

Of a call not the batches are kept but what they show. So a right version may draw in its own way,
and two versions that go astray alike are known to do so although they draw differently. Where
chance decides, enough steps are drawn that a right version fails in less than one of a billion.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from effcv_lab.grading.calling import Call, call, fresh_copy
from effcv_lab.grading.plain import Foreign, name_of, settled_batches
from effcv_lab.grading.promises import LeavesInputs, Promise, stopped

AS_PROMISED = "as promised"


@dataclass(frozen=True)
class Pace:
    """A pacing function that tells what it is: the fraction of every step, in words too.

    Examples
    --------
    >>> pace = Pace((0.5, 0.5, 1.0), "0.5 in steps 0 and 1, 1.0 from step 2 on")
    >>> pace(1), pace(7), pace
    (0.5, 1.0, 0.5 in steps 0 and 1, 1.0 from step 2 on)
    """

    fractions: tuple[float, ...]
    words: str

    def __call__(self, step: int) -> float:
        """Return the fraction of a step; after the last one it stays."""
        return self.fractions[min(max(int(step), 0), len(self.fractions) - 1)]

    def __repr__(self) -> str:
        """Say it in words."""
        return self.words


class ShowsInBatches(Promise):
    """Keep what batches show, not the batches: :meth:`facts` of a right version are always the same."""

    looks = True

    def call(self, function: Callable, args: tuple) -> Call:
        """Call the function and look at its batches; what they show is the record's result."""
        done = call(lambda *own: self.facts(function, own, args), args, function)
        return replace(done, changed=())

    def wanted(self, reference: Callable, args: tuple) -> Any:
        """Look at the batches of the right version."""
        return self.facts(reference, tuple(fresh_copy(value) for value in args), args)

    def facts(self, function: Callable, own: tuple, args: tuple) -> Any:
        """Call ``function(*own)`` and say what its batches show, or what they are instead."""
        batches = settled_batches(function(*own))
        if batches is None:
            return None
        return wrong_kind(batches, args) or self.look(batches, args)

    def look(self, batches: list[Tensor], args: tuple) -> Any:
        """Say what batches of the right kind show; here, that they are."""
        return AS_PROMISED

    def problem(self, done: Call, args: tuple, wanted: Any) -> str | None:
        """Say what is shown instead of what is wanted."""
        if done.error is not None:
            return stopped(done)
        if done.result is None:
            return "it returned None: is a `return` missing?"
        if done.result == wanted:
            return None
        return done.result if isinstance(done.result, str) else self.tell(done.result, wanted, args)

    def tell(self, found: Any, wanted: Any, args: tuple) -> str:
        """Put facts that differ into words."""
        return str(found)


class NoneTwice(ShowsInBatches):
    """Hold no example twice in one batch."""

    def look(self, batches: list[Tensor], args: tuple) -> str:
        """Look for a batch with a repetition."""
        if all(len(set(batch.tolist())) == len(batch) for batch in batches):
            return AS_PROMISED
        return "some batches hold an example twice"


class FromThePool(ShowsInBatches):
    """Hold all examples of the pool, in time, and no others."""

    def look(self, batches: list[Tensor], args: tuple) -> list[list[int]]:
        """List, for each fraction, the numbers seen, counted from 1 = the easiest."""
        difficulty, pace = args[:2]
        number = difficulty.double().argsort().argsort() + 1
        seen: dict[float, set[int]] = {pace(step): set() for step in range(len(batches))}
        for step, batch in enumerate(batches):
            seen[pace(step)] |= set(number[batch].tolist())
        return [sorted(seen[fraction]) for fraction in sorted(seen)]

    def tell(self, found: list[list[int]], wanted: list[list[int]], args: tuple) -> str:
        """Show the first pool that differs."""
        difficulty, pace = args[:2]
        fractions = sorted({pace(step) for step in range(args[3])})
        rows = zip(fractions, found, wanted, strict=True)
        fraction, got, pool = next(row for row in rows if row[1] != row[2])
        return (
            f"in the steps with pacing_fn(s) = {fraction:g} the pool is the easiest {len(pool)} of "
            f"{len(difficulty)}\n  (numbered from 1, the easiest, to {len(difficulty)}, the hardest)\n"
            f"  got    {_numbers(got)}\n  wanted {_numbers(pool)}"
        )


class WithinTies(ShowsInBatches):
    """Hold none that is harder than the pool's hardest; which of equals comes first is open."""

    def look(self, batches: list[Tensor], args: tuple) -> str:
        """Compare each batch's hardest example with the hardest that the pool may hold."""
        difficulty, pace, batch_size = args[:3]
        easiest_first = difficulty.sort().values
        for step, batch in enumerate(batches):
            pool = max(batch_size, int(np.ceil(pace(step) * len(difficulty))))
            if difficulty[batch].max() > easiest_first[pool - 1]:
                return f"batch {step} holds an example that is harder than all of its pool"
        return AS_PROMISED


class DrawnAnew(ShowsInBatches):
    """Give each example of the pool the same chance, in every step anew."""

    def look(self, batches: list[Tensor], args: tuple) -> str:
        """Count how often each example comes, and comes again; the pool must stay the same."""
        if len({tuple(sorted(batch.tolist())) for batch in batches}) == 1:
            return "every step has the same batch, though the pool is larger than that"
        counts = torch.cat(batches).bincount(minlength=len(args[0])).double()
        counts = counts[counts > 0]
        if counts.max() > 1.33 * counts.mean() or counts.min() < 0.67 * counts.mean():
            return "some examples of the pool come far more often than others"
        drawn = torch.stack(batches)
        again = (drawn[1:, :, None] == drawn[:-1, None, :]).double().sum(dim=(1, 2)).mean()
        if abs(again - args[2] ** 2 / len(counts)) > 0.25:
            return (
                "what a step draws depends on the step before: of its batch's examples "
                f"{again:.2f} come again on average, by chance {args[2] ** 2 / len(counts):.2f} would"
            )
        return AS_PROMISED


class Seeded(ShowsInBatches):
    """Have the same batches with the same seed, and others with another."""

    def facts(self, function: Callable, own: tuple, args: tuple) -> Any:
        """Draw twice with one seed, after other random numbers, and once with another seed."""
        first = settled_batches(function(*own))
        if first is None:
            return None
        torch.rand(3), random.random(), np.random.rand()
        again = settled_batches(function(*(fresh_copy(value) for value in args)))
        other = settled_batches(function(*(fresh_copy(value) for value in args[:-1]), args[-1] + 1))
        if problem := next((p for b in (first, again, other) if (p := wrong_kind(b, args))), None):
            return problem
        return [_equal(first, again), _equal(first, other)]

    def tell(self, found: list[bool], wanted: list[bool], args: tuple) -> str:
        """Name what went wrong with which seeds."""
        lines = []
        if not found[0]:
            lines.append(f"two calls with seed {args[-1]} gave different batches")
        if found[1]:
            lines.append(f"seeds {args[-1]} and {args[-1] + 1} gave the same batches")
        return "\n".join(lines)


class LeavesRandomness(ShowsInBatches):
    """Change nobody else's random numbers: those of torch, NumPy and Python go on as before."""

    def facts(self, function: Callable, own: tuple, args: tuple) -> Any:
        """Compare the states of the three before and after; put back those of NumPy and Python."""
        before = torch.get_rng_state(), np.random.get_state(), random.getstate()
        try:
            if function(*own) is None:
                return None
            after = torch.get_rng_state(), np.random.get_state(), random.getstate()
        finally:
            np.random.set_state(before[1])
            random.setstate(before[2])
        moved = [
            name
            for name, same in {
                "torch": torch.equal(before[0], after[0]),
                "NumPy": np.array_equal(before[1][1], after[1][1]) and before[1][2] == after[1][2],
                "Python": before[2] == after[2],
            }.items()
            if not same
        ]
        return f"the random numbers of {' and '.join(moved)} were moved" if moved else AS_PROMISED


class LeavesDifficulty(LeavesInputs):
    """Change no argument; which batches come out is looked at elsewhere."""

    def call(self, function: Callable, args: tuple) -> Call:
        """Keep of the result only that there is one."""
        done = call(function, args)
        return done if done.result is None else replace(done, result=AS_PROMISED)

    def wanted(self, reference: Callable, args: tuple) -> str:
        """Want any result."""
        return AS_PROMISED


def wrong_kind(batches: Any, args: tuple) -> str | None:
    """Say why something is no list of ``total_steps`` index tensors; None if it is.

    Examples
    --------
    >>> wrong_kind([torch.tensor([0, 3])], (torch.zeros(3), None, 2, 1))
    'batch 0 holds the index 3, but there are 3 examples, 0 to 2'
    """
    difficulty, _, batch_size, total_steps = args[:4]
    if type(batches) is not list:
        return f"it returned a {_kind(batches)}, wanted a list of index tensors"
    if len(batches) != total_steps:
        return f"it has {len(batches)} batches, wanted one for each of the {total_steps} steps"
    for step, batch in enumerate(batches):
        if type(batch) is not Tensor:
            return f"batch {step} is a {_kind(batch)}, wanted a torch.Tensor"
        if batch.dtype not in (torch.int64, torch.int32):
            whole = not batch.is_complex() and bool((batch == batch.round()).all())
            what = "whole numbers, but as" if whole else "dtype"
            return f"batch {step} has {what} {batch.dtype}, wanted torch.int64: indices"
        if batch.shape != (batch_size,):
            return f"batch {step} has shape {tuple(batch.shape)}, wanted ({batch_size},)"
        foreign = [i for i in batch.tolist() if not 0 <= i < len(difficulty)]
        if foreign:
            count = len(difficulty)
            return (
                f"batch {step} holds the index {foreign[0]}, but there are {count} examples, "
                f"0 to {count - 1}"
            )
    return None


def _kind(value: Any) -> str:
    return value.name if type(value) is Foreign else name_of(type(value))


def _equal(first: list[Tensor], second: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def _numbers(found: list[int]) -> str:
    return "the numbers " + ", ".join(map(str, found))
