"""What a submission may do to the checks from inside: wrong answers gain nothing, right ones lose nothing unsaid.

The attacks stand in ``tampering.py``; each is tried in a fork of one program, with a right and with a wrong answer.
"""

import gc
import json
import operator
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import tampering
import torch

from effcv_lab import softmax
from effcv_lab.grading import pristine
from effcv_lab.grading.a1_temperature import CHECKS
from effcv_lab.grading.kept import Kept
from effcv_lab.grading.marking import canary
from effcv_lab.grading.plain import Foreign, name_of, one_of, settled, settled_batches

pytestmark = pytest.mark.slow
FULL = 10
UNBENT = {name: f"no attack on {name}" for name in tampering.ANSWERS}


def named(cases):
    return [pytest.param(*case, id=case[0]) for case in cases]


@pytest.fixture(scope="module")
def found():
    """Points and text of all attacks, each for a right and a wrong answer."""
    program = [sys.executable, "-W", "ignore", tampering.__file__]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def marks(text):
    return [line for line in text.splitlines() if line.startswith(canary.MARK)]


@pytest.mark.parametrize("name", tampering.ANSWERS)
def test_without_an_attack_right_is_full_and_wrong_is_not(found, name):
    (right, said), (wrong, also_said) = found[UNBENT[name]]
    assert right == FULL and wrong < 5 and not marks(said + also_said)


@pytest.mark.parametrize(("attack", "name", "cell"), named(tampering.PUT_BACK))
def test_what_was_replaced_is_put_back_and_named(found, attack, name, cell):
    (right, said), (wrong, also_said) = found[attack]
    assert right == FULL, said
    assert wrong == found[UNBENT[name]][1][0], also_said
    for text in (said, also_said):
        assert len(marks(text)) == 1
        assert "restart the kernel" in marks(text)[0]


@pytest.mark.parametrize(("attack", "name", "cell", "fate"), named(tampering.SEEN_THROUGH))
def test_results_are_judged_by_what_they_are(found, attack, name, cell, fate):
    (right, said), (wrong, also_said) = found[attack]
    assert wrong <= found[UNBENT[name]][1][0], also_said
    assert not marks(said) and not marks(also_said)
    if fate == "judged":
        assert right == FULL, said
    elif fate == "misled":  # it takes something else for the answer
        assert right < FULL
    elif fate == "less":
        assert 9 < right < FULL and "changed in place" in said
    else:
        assert right < 5
        assert any(words in said for words in ("it returned a", "is a Lying", "it stopped", "ran "))


@pytest.mark.parametrize(("attack", "name", "cell"), named(tampering.REFUSED))
def test_what_cannot_be_put_back_earns_nothing_and_is_said(found, attack, name, cell):
    for points, said in found[attack]:
        assert points == 0 and "nothing was checked" in marks(said)[0]


@pytest.mark.parametrize(("attack", "name", "cell"), named(tampering.NOT_CAUGHT))
def test_the_truth_about_what_is_not_caught_from_inside(found, attack, name, cell):
    wrong, said = found[attack][1]
    assert wrong > found[UNBENT[name]][1][0] and not marks(said)


def test_there_are_attacks_of_many_kinds():
    assert len(tampering.PUT_BACK + tampering.SEEN_THROUGH + tampering.REFUSED) >= 25


# --- the parts


def test_the_line_begins_as_the_canaries_know_it():
    assert canary.MARK.strip() == pristine.TAMPERED


def test_nothing_is_said_where_nothing_was_replaced():
    with pristine.as_imported() as repairs:
        pass
    assert repairs.told() == ""


def test_what_was_put_back_stays(monkeypatch):
    original = operator.eq
    operator.eq = operator.ne
    with pristine.as_imported() as repairs:
        assert operator.eq is original
    assert operator.eq is original and repairs.names == ["operator.eq"]
    operator.eq = operator.ne
    try:
        for _ in range(2):
            with pristine.as_imported() as repairs:
                pass
    finally:
        operator.eq = original
    assert repairs.names == []


def test_what_the_right_versions_stand_on_is_put_back_too():
    original = softmax._rising_zero
    softmax._rising_zero = None
    with pristine.as_imported() as repairs:
        assert softmax._rising_zero is original
    assert repairs.names == ["effcv_lab.softmax._rising_zero"]


def test_helpers_that_a_cell_adds_are_left_alone():
    torch.Tensor.twice_as_much = lambda self: 2 * self
    torch.a_helper_of_mine = 3
    try:
        with pristine.as_imported() as repairs:
            assert torch.tensor([1.0]).twice_as_much().item() == 2 and torch.a_helper_of_mine == 3
        assert repairs.names == []
    finally:
        del torch.Tensor.twice_as_much, torch.a_helper_of_mine


def test_a_name_that_hides_python_s_own_is_taken_out():
    torch.isinstance = lambda *a: True
    with pristine.as_imported() as repairs:
        assert not hasattr(torch, "isinstance")
    assert repairs.names == ["torch.isinstance"]


def test_the_default_device_of_a_cell_is_no_tampering():
    torch.set_default_device("meta")
    try:
        with pristine.as_imported() as repairs:
            assert torch.zeros(1).device.type == "meta"
    finally:
        torch.set_default_device(None)
    assert repairs.names == []


def test_what_torch_writes_for_itself_when_it_is_used_is_no_tampering():
    rows = torch.randn(3, 4)
    torch.func.vmap(torch.func.grad(lambda row: row.softmax(0).max()))(rows)
    torch.export.export(torch.nn.Linear(4, 2), (rows,))
    with pristine.as_imported() as repairs:
        pass
    assert repairs.told() == ""


def test_a_trace_is_off_inside_and_on_again_afterwards():
    def trace(*_):
        return None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with pristine.as_imported():
            inside = sys.gettrace()
        after = sys.gettrace()
    finally:
        sys.settrace(before)
    assert inside is None and after is trace


def test_who_ends_the_profiler_that_watches_is_refused():
    def watching(*_):
        return None

    repairs = pristine.Repairs()
    sys.setprofile(watching)
    try:
        pristine.Guarded(lambda: sys.setprofile(None), repairs, looks=False)()
        after = sys.getprofile()
    finally:
        sys.setprofile(None)
    assert after is watching and "nothing was checked" in repairs.told()


def test_no_garbage_is_collected_while_it_is_judged():
    with pristine.undisturbed():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_no_alarm_rings_while_it_is_judged():
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    try:
        with pristine.undisturbed():
            signal.raise_signal(signal.SIGALRM)
            during = list(rung)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert during == [] and rung == [1]


def test_what_is_kept_comes_back_whatever_was_done_to_it():
    class Thing:
        size = 1

        def double(self, times=2):
            return times * self.size

    kept = Kept()
    kept.klass(Thing)
    Thing.size, Thing.double.__defaults__ = 7, (9,)
    Thing.double.__code__ = (lambda self, times: 0).__code__
    Thing.__getattribute__ = lambda self, name: 5
    assert len(set(kept.put_back())) == 3
    assert Thing().double() == 2 and kept.put_back() == []


def test_defaults_by_name_what_a_wrapper_wraps_and_emptied_cells_come_back():
    def wrapping(inner):
        def outer(*, times=2):
            return times * inner()

        return outer

    outer, kept = wrapping(lambda: 3), Kept()
    kept.function(outer)
    outer.__kwdefaults__["times"] = 0
    outer.__closure__[0].cell_contents.__code__ = (lambda: 0).__code__
    del outer.__closure__[0].cell_contents
    assert len(kept.put_back()) == 3 and outer() == 6


def test_an_object_s_own_class_and_dictionary_come_back():
    class Strict:
        __module__ = "effcv_lab.made_up"

    class Lenient(Strict):
        pass

    thing, kept = Strict(), Kept()
    thing.tolerance = [1]
    kept.thing("thing", thing, "effcv_lab")
    thing.__dict__, thing.__class__ = {"tolerance": [9]}, Lenient
    assert len(kept.put_back()) == 2
    assert type(thing) is Strict and thing.tolerance == [1]
    thing.tolerance[:] = [9]
    thing.judge = min
    assert kept.put_back() == ["thing.judge", "thing.tolerance"] and vars(thing) == {
        "tolerance": [1]
    }


def test_an_inherited_method_is_not_hidden_by_a_function_of_the_class():
    class Base:
        def size(self):
            return 1

    class Thing(Base):
        pass

    kept = Kept()
    kept.klass(Thing)
    Thing.size, Thing.helper = lambda self: 2, lambda self: 3
    assert len(kept.put_back()) == 1 and Thing().size() == 1 and Thing().helper() == 3
    assert kept.untouched()


def test_a_deleted_name_comes_back():
    kept, table = Kept(), {"one": 1}
    kept.table("table", table)
    del table["one"]
    table["two"] = 2
    assert kept.put_back() == ["table.one", "table.two"] and table == {"one": 1}


def test_only_plain_data_are_settled():
    class Always(float):
        pass

    row = torch.ones(2)
    again = settled({"a": [row, (1, Always(2))], "b": lambda: 1})
    row.zero_()
    assert again["a"][0].tolist() == [1, 1]
    assert again["a"][1] == (1, Foreign("Always")) and again["b"] == Foreign("function")
    odd = np.array([Always(1)], dtype=object)
    assert settled(odd) == Foreign("ndarray") and settled(np.ones(2)).tolist() == [1, 1]
    assert settled(torch.nn.Parameter(row)) == Foreign("Parameter", tensor=True)


def test_a_class_that_claims_to_be_all_others_is_not_plain():
    class Meta(type):
        __name__ = "float"

        def __eq__(cls, other):
            return True

        __hash__ = type.__hash__

    class All(list, metaclass=Meta):
        pass

    assert settled(All([1])) == Foreign("All")
    assert one_of(float, (int, float)) and not one_of(All, (int, float)) and name_of(All) == "All"


def test_batches_of_many_kinds_are_settled_one_by_one():
    rows = [torch.ones(2), torch.ones(3)]
    again = settled_batches(rows)
    rows[0].zero_()
    assert again[0].tolist() == [1, 1] and again[1].tolist() == [1, 1, 1]
    assert settled_batches((1, 2)) == (1, 2) and settled_batches([]) == []


def test_a_result_that_is_changed_later_was_right_when_it_was_returned():
    kept = []

    def forgets(logits, temperature):
        if temperature <= 0:
            raise ValueError
        for old in kept:
            old.zero_()
        kept.append(torch.softmax(logits.double() / temperature, 1).to(logits.dtype))
        return kept[-1]

    assert CHECKS["softmax_with_temperature"].check(forgets, seed=1).points == 1


def test_a_thread_of_the_student_s_is_no_reason_to_stop():
    done = threading.Event()
    thread = threading.Thread(target=done.wait, daemon=True)
    thread.start()
    try:
        assert (
            CHECKS["entropy"].check(lambda probs: -torch.xlogy(probs, probs).sum(1), 1).points == 1
        )
    finally:
        done.set()
        thread.join()


def test_looking_whether_all_is_as_it_was_takes_milliseconds():
    def seconds():
        started = time.process_time()
        with pristine.as_imported():
            pass
        return time.process_time() - started

    assert min(seconds() for _ in range(5)) < 0.02
