"""Attacks on the checks from inside, as a student would write them in a cell, and a program that tries them.

Every cell runs after an assignment's first one, in a fork of its own. It finds ``answer``, a right or a wrong function, and may
end with a function under the graded name; else ``answer`` itself is graded. ``python tests/tampering.py`` prints what came out as
JSON.
"""

import contextlib
import gc
import json
import os
import sys

SOFTMAX, ENTROPY = "softmax_with_temperature", "temperature_for_entropy"
A1, A2, A4 = "a1_temperature", "a2_distillation", "a4_curriculum"

ANSWERS = {
    SOFTMAX: (
        A1,
        """
def answer(logits, temperature):
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    logits = (logits - logits.max(dim=1, keepdim=True).values) / temperature
    return torch.exp(logits) / torch.exp(logits).sum(dim=1, keepdim=True)
""",
        "def answer(logits, temperature):\n    return torch.softmax(logits, dim=1)\n",
    ),
    ENTROPY: (
        A1,
        """
def answer(logits, target_entropy):
    if not 0 < target_entropy < math.log(len(logits)):
        raise ValueError("no such temperature")
    low, high = -60.0, 60.0
    for _ in range(200):
        middle = (low + high) / 2
        logs = torch.log_softmax(logits.double() / math.exp(middle), 0)
        if -(logs.exp() * logs).nansum() < target_entropy:
            low = middle
        else:
            high = middle
    return math.exp(low)
""",
        "def answer(logits, target_entropy):\n    return 1.0\n",
    ),
    "soft_targets": (
        A2,
        """
def answer(teacher, images, temperature):
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    modes = [(part, part.training) for part in teacher.modules()]
    teacher.eval()
    with torch.no_grad():
        result = torch.softmax(teacher(images) / temperature, dim=1)
    for part, mode in modes:
        part.training = mode
    return result
""",
        """
def answer(teacher, images, temperature):
    teacher.eval()
    result = torch.softmax(teacher(images), dim=1)
    return torch.full_like(result, 1 / result.shape[1])
""",
    ),
    "hint_loss": (
        A2,
        """
def answer(student_features, teacher_features, regressor):
    mapped = regressor(student_features)
    if mapped.shape != teacher_features.shape:
        raise ValueError("shapes differ")
    return 0.5 * (mapped - teacher_features.detach()).pow(2).flatten(1).sum(1).mean()
""",
        """
def answer(student_features, teacher_features, regressor):
    return 0.5 * (student_features.mean() - teacher_features.mean()) ** 2
""",
    ),
    "curriculum_batches": (
        A4,
        """
def answer(difficulty, pacing_fn, batch_size, total_steps, seed):
    generator = torch.Generator().manual_seed(seed)
    order = difficulty.argsort(stable=True)
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(order[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches
""",
        """
def answer(difficulty, pacing_fn, batch_size, total_steps, seed):
    return [torch.arange(batch_size) for _ in range(total_steps)]
""",
    ),
}

CHECK = f'from effcv_lab.grading.a1_temperature import CHECKS\ncheck = CHECKS["{SOFTMAX}"]\n'

#: Name, graded function, cell. What is replaced is put back, and named in the outcome.
PUT_BACK = [
    ("isinstance says yes", SOFTMAX, "import builtins\nbuiltins.isinstance = lambda a, b: True"),
    ("all says yes", SOFTMAX, "import builtins\nbuiltins.all = lambda a: True\nbuiltins.any = all"),
    ("type lies", SOFTMAX, "import builtins\nbuiltins.type = lambda *a: torch.Tensor"),
    ("max and min", SOFTMAX, "import builtins\nbuiltins.sum = builtins.max = lambda *a, **k: 1"),
    ("torch.equal", SOFTMAX, "torch.equal = torch.allclose = torch.isclose = lambda *a, **k: True"),
    ("np.abs is nothing", SOFTMAX, "import numpy as np\nnp.abs = lambda a: a * 0"),
    (
        "np.isnan says yes",
        SOFTMAX,
        "import numpy as np\nnp.isnan = lambda a: np.ones_like(a, bool)",
    ),
    (
        "any in NumPy",
        SOFTMAX,
        "import numpy._core._methods as m\nm._any.__code__ = "
        "(lambda a, axis=None, dtype=None, out=None, keepdims=False, *, where=True: False).__code__",
    ),
    (
        "NumPy's class",
        SOFTMAX,
        "import numpy, types\nclass Lying(types.ModuleType):\n    def __getattribute__(self, name):\n"
        "        if name == 'float64':\n            return lambda a: 1.0\n"
        "        return super().__getattribute__(name)\nnumpy.__class__ = Lying",
    ),
    (
        "difference",
        SOFTMAX,
        "from effcv_lab.grading import promises\npromises.difference = lambda *a, **k: None",
    ),
    (
        "code of close",
        SOFTMAX,
        "from effcv_lab.grading import comparing\n"
        "comparing.close.__code__ = (lambda got, wanted, rtol, atol: np.ones(got.shape, bool)).__code__",
    ),
    (
        "defaults of difference",
        SOFTMAX,
        "from effcv_lab.grading import comparing, promises\n"
        "comparing.difference.__defaults__ = comparing.same.__defaults__ = (1e9, 1e9)\n"
        "promises.Promise.__init__.__defaults__ = (False, 1e9, 1e9, None)\n"
        "promises.Promise.rtol = promises.Promise.atol = 1e9",
    ),
    (
        "Promise.problem",
        SOFTMAX,
        "from effcv_lab.grading.promises import *\nPromise.problem = lambda *a: None",
    ),
    (
        "explain",
        SOFTMAX,
        "from effcv_lab.grading import checks, outcomes\n"
        "checks.explain = lambda name, findings, points, *a: outcomes.Outcome(points, points, 'good')",
    ),
    (
        "findings",
        SOFTMAX,
        "from effcv_lab.grading import checks\nchecks._Tried.broken = property(lambda self: [])",
    ),
    ("no promises", SOFTMAX, CHECK + "check.promises[1:] = [check.promises[3]]"),
    ("the easiest promise", SOFTMAX, CHECK + "check.promises[:] = [check.promises[3]] * 5"),
    (
        "a wide tolerance",
        SOFTMAX,
        CHECK + "for promise in check.promises:\n    object.__setattr__(promise, 'rtol', 1e9)",
    ),
    (
        "a promise that judges otherwise",
        SOFTMAX,
        CHECK + "for promise in check.promises:\n"
        "    object.__setattr__(promise, 'problem', lambda *a: None)",
    ),
    (
        "another dictionary",
        SOFTMAX,
        CHECK + "for promise in check.promises:\n"
        "    object.__setattr__(promise, '__dict__', {**vars(promise), 'atol': 1e9})",
    ),
    ("another reference", SOFTMAX, CHECK + "object.__setattr__(check, 'reference', answer)"),
    (
        "code of the reference",
        SOFTMAX,
        "from effcv_lab import softmax\n"
        "softmax.softmax_with_temperature.__code__ = answer.__code__",
    ),
    (
        "torch.softmax",
        SOFTMAX,
        "soft = torch.softmax\ntorch.softmax = lambda a, dim: soft(a * 0, dim)",
    ),
    (
        "a method of Tensor",
        SOFTMAX,
        "torch.Tensor.__truediv__ = lambda self, other: self.clone()\n"
        "torch.Tensor.div = torch.Tensor.softmax = lambda self, *a: self.clone()",
    ),
    (
        "values of T are always 1",
        SOFTMAX,
        "from effcv_lab.grading import a1_inputs\na1_inputs.between = lambda *a: 1.0",
    ),
    (
        "all zero",
        SOFTMAX,
        "torch.randn = lambda *s, generator, dtype: torch.zeros(*s, dtype=dtype)",
    ),
    ("no rounds", SOFTMAX, "from effcv_lab.grading import checks\nchecks.HIDDEN_ROUNDS = 0"),
    (
        "a mode of torch",
        SOFTMAX,
        """
from torch.overrides import TorchFunctionMode
class Same(TorchFunctionMode):
    def __torch_function__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 0 if getattr(func, "__name__", "") == "double" else result
Same().__enter__()
""",
    ),
    (
        "a mode below",
        SOFTMAX,
        """
from torch.utils._python_dispatch import TorchDispatchMode
class Same(TorchDispatchMode):
    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        return result * 0 if "_to_copy" in str(func) else result
Same().__enter__()
""",
    ),
    (
        "hooks on what backward needs",
        "hint_loss",
        "torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 0).__enter__()",
    ),
    (
        "a hook on all modules",
        "soft_targets",
        "torch.nn.modules.module.register_module_forward_hook(lambda m, i, result: result * 0)",
    ),
    (
        "Linear.forward",
        "soft_targets",
        "torch.nn.Linear.forward = lambda s, x: x.new_zeros(len(x), s.out_features)",
    ),
    (
        "Linear.weight",
        "soft_targets",
        "torch.nn.Linear.weight = property(lambda s: torch.zeros(s.out_features, s.in_features))",
    ),
    (
        "how nets are copied",
        "soft_targets",
        "import copy\ncopy._deepcopy_dispatch[torch.nn.Sequential] = lambda net, memo: torch.nn.Sequential("
        "torch.nn.Flatten(), torch.nn.LazyLinear(3))",
    ),
    (
        "how modes are read",
        "soft_targets",
        "from effcv_lab.grading import teacher_promises\nteacher_promises.modes.__code__ = (lambda t: {}).__code__",
    ),
    (
        "a judge that is content",
        ENTROPY,
        "from effcv_lab.grading import a1_temperature as a1\n"
        "a1.ACCURACY = 100\na1._misses_target.__code__ = (lambda args, temperature: None).__code__",
    ),
    (
        "batches that are always right",
        "curriculum_batches",
        "from effcv_lab.grading import batch_promises\n"
        "batch_promises.ShowsInBatches.facts = lambda self, function, own, args: self.wanted(answer, args)",
    ),
    (
        "another check in its place",
        SOFTMAX,
        CHECK + "from effcv_lab.grading.checks import FunctionCheck\n"
        "def softmax_with_temperature(logits, temperature):\n    return answer(logits, temperature)\n"
        "CHECKS['softmax_with_temperature'] = FunctionCheck("
        "softmax_with_temperature, check.promises[:1], [], ('a', 'b'))",
    ),
    (
        "explain, while it is called",
        SOFTMAX,
        """
from effcv_lab.grading import checks, outcomes
def softmax_with_temperature(logits, temperature):
    checks.explain = lambda name, findings, points, *a: outcomes.Outcome(points, points, "good")
    return answer(logits, temperature)
""",
    ),
    (
        "replaced while it is called",
        SOFTMAX,
        """
import builtins
from effcv_lab.grading import comparing, promises
def softmax_with_temperature(logits, temperature):
    promises.difference = lambda *a: None
    builtins.isinstance = lambda *a: True
    comparing.close.__code__ = (lambda got, wanted, rtol, atol: got == got).__code__
    return answer(logits, temperature)
""",
    ),
]

#: Results and functions that would be believed, and ways to find the answer: nothing is replaced.
SEEN_THROUGH = [
    (
        "equal to everything",
        SOFTMAX,
        """
class Yes:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    __hash__ = None
def softmax_with_temperature(logits, temperature):
    answer(logits, temperature)
    return Yes()
""",
        "refused",
    ),
    (
        "a tensor of its own kind",
        SOFTMAX,
        """
class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return True
def softmax_with_temperature(logits, temperature):
    return answer(logits, temperature).as_subclass(Yes)
""",
        "refused",
    ),
    (
        "a class that lies about itself",
        SOFTMAX,
        """
class Liar:
    __class__ = torch.Tensor
    dtype, shape = torch.float32, torch.Size([2, 3])
    def __eq__(self, other): return True
def softmax_with_temperature(logits, temperature):
    answer(logits, temperature)
    return Liar()
""",
        "refused",
    ),
    (
        "a class equal to float",
        ENTROPY,
        """
class Meta(type):
    def __eq__(self, other): return True
    __hash__ = type.__hash__
class Number(metaclass=Meta):
    def __float__(self): return 1.0
    def __gt__(self, other): return True
def temperature_for_entropy(logits, target):
    answer(logits, target)
    return Number()
""",
        "refused",
    ),
    (
        "a float that lies",
        ENTROPY,
        """
class Lying(float):
    def __eq__(self, other): return True
    __lt__ = __gt__ = __le__ = __ge__ = __eq__
    def __rtruediv__(self, other): return other
def temperature_for_entropy(logits, target):
    return Lying(answer(logits, target))
""",
        "refused",
    ),
    (
        "tensors with methods of their own",
        SOFTMAX,
        """
def softmax_with_temperature(logits, temperature):
    result = answer(logits, temperature)
    result.detach = result.cpu = result.double = lambda *a: torch.softmax(logits / temperature, 1)
    return result
""",
        "judged",
    ),
    (
        "a list of its own kind",
        "curriculum_batches",
        """
class Batches(list):
    def __eq__(self, other): return True
def curriculum_batches(*args):
    return Batches(answer(*args))
""",
        "refused",
    ),
    (
        "indices that lie",
        "curriculum_batches",
        """
class Lying(torch.Tensor):
    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return super().__torch_function__(func, types, args, kwargs)
    def tolist(self): return list(range(len(self)))
def curriculum_batches(*args):
    return [batch.as_subclass(Lying) for batch in answer(*args)]
""",
        "refused",
    ),
    (
        "a generator",
        "curriculum_batches",
        "def curriculum_batches(*args):\n    return (batch for batch in answer(*args))",
        "refused",
    ),
    (
        "a net that lies about its parts",
        "soft_targets",
        """
def soft_targets(teacher, images, temperature):
    before = {name: part.training for name, part in teacher.named_modules()}
    result = answer(teacher, images, temperature)
    twin = copy.deepcopy(teacher)
    for name, part in twin.named_modules():
        part.training = before[name]
    teacher.named_modules, teacher.modules = twin.named_modules, twin.modules
    teacher.state_dict, teacher.named_parameters = twin.state_dict, twin.named_parameters
    return result
""",
        "judged",
    ),
    (
        "printing it rewrites what was found",
        SOFTMAX,
        """
class Rewriting:
    def __repr__(self):
        frame = sys._getframe()
        while frame := frame.f_back:
            for value in list(frame.f_locals.values()):
                for trial in value if type(value) is list else [value]:
                    if type(trial).__name__ in ("_Trial", "Finding"):
                        trial.__dict__.update(problem="", kept=True)
        return "nothing"
    __str__ = __repr__
def softmax_with_temperature(logits, temperature):
    answer(logits, temperature)
    return Rewriting()
""",
        "refused",
    ),
    (
        "an error that rewrites what was found",
        SOFTMAX,
        """
class Rewriting(TypeError):
    __class__ = ValueError
    def __str__(self):
        frame = sys._getframe()
        while frame := frame.f_back:
            for value in list(frame.f_locals.values()):
                if type(value).__name__ in ("_Trial", "Finding"):
                    value.__dict__.update(problem="", kept=True)
        return "nothing"
def softmax_with_temperature(logits, temperature):
    answer(logits, temperature)
    raise Rewriting
""",
        "refused",
    ),
    (
        "tracing the reference",
        SOFTMAX,
        """
found = []
def trace(frame, event, value):
    if event == "return" and frame.f_code.co_filename.endswith("softmax.py"):
        found.append(value)
    return trace
sys.settrace(trace)
def softmax_with_temperature(logits, temperature):
    sys.settrace(trace)
    fitting = [f for f in found if isinstance(f, torch.Tensor) and f.shape == logits.shape]
    return fitting[-1] if fitting else answer(logits, temperature)
""",
        "judged",
    ),
    (
        "looking for the answer up the stack",
        SOFTMAX,
        """
def tensors(value, depth=0):
    if type(value) is torch.Tensor:
        yield value
    elif depth < 5:
        parts = value.values() if type(value) is dict else value if type(value) in (list, tuple) else (
            vars(value).values() if type(value).__module__.startswith("effcv") else ())
        for part in parts:
            yield from tensors(part, depth + 1)
def softmax_with_temperature(logits, temperature):
    frame = sys._getframe(1)
    while frame:
        for value in list(frame.f_locals.values()):
            for found in tensors(value):
                sums = found.shape == logits.shape and found.is_floating_point() and found.sum(1)
                if sums is not False and bool(((sums - 1).abs() < 1e-4).all()):
                    return found.clone()
        frame = frame.f_back
    return answer(logits, temperature)
""",
        "misled",
    ),
    (
        "looking for the answer in memory",
        SOFTMAX,
        """
import gc
calls = []
def softmax_with_temperature(logits, temperature):
    calls.append(1)
    if len(calls) < 4:
        for found in gc.get_objects():
            if type(found) is torch.Tensor and found.shape == logits.shape and found.is_floating_point():
                if bool(((found.sum(1) - 1).abs() < 1e-4).all()):
                    return found.clone()
    return answer(logits, temperature)
""",
        "judged",
    ),
    (
        "the kit's own function, unseen",
        SOFTMAX,
        """
from effcv_lab import softmax
def softmax_with_temperature(logits, temperature):
    answer(logits, temperature) if temperature > 0 else 0
    watching = sys.getprofile()
    sys.setprofile(None)
    result = softmax.softmax_with_temperature(logits, temperature)
    sys.setprofile(watching)
    return result
""",
        "refused",
    ),
    (
        "a default that stays",
        SOFTMAX,
        """
def softmax_with_temperature(logits, temperature):
    torch.set_default_dtype(torch.float64)
    torch.set_grad_enabled(False)
    torch.set_default_device("meta")
    return answer(logits, temperature)
""",
        "judged",
    ),
    (
        "another module in the list of modules",
        SOFTMAX,
        "import types\nfake = types.ModuleType('fake')\nfake.difference = lambda *a: None\n"
        "sys.modules['effcv_lab.grading.comparing'] = fake",
        "judged",
    ),
    (
        "inputs changed in place",
        SOFTMAX,
        "def softmax_with_temperature(logits, temperature):\n"
        "    result = answer(logits.clone(), temperature)\n    logits.zero_()\n    return result",
        "less",
    ),
]

#: What cannot be put back: nothing is checked, and the text says why.
REFUSED = [
    (
        "an operation of torch",
        SOFTMAX,
        "library = torch.library.Library('aten', 'IMPL')\n"
        "library.impl('softmax.int', lambda a, dim, dtype=None: a * 0 + 1 / a.shape[dim], 'CPU')",
    ),
    (
        "inputs changed behind the check",
        SOFTMAX,
        """
def softmax_with_temperature(logits, temperature):
    frame = sys._getframe(1)
    while frame:
        for promise, args in frame.f_locals.get("drawn", ()):
            args[0].zero_()
        frame = frame.f_back
    return answer(logits, temperature)
""",
    ),
]

#: What gives full points to a wrong answer, from within: the truth, and a reason to look from outside.
NOT_CAUGHT = [
    (
        "the check itself",
        SOFTMAX,
        "from effcv_lab.grading import checks, outcomes\n"
        "checks.FunctionCheck.check = lambda self, f, seed, points, hidden: outcomes.Outcome(points, points, '')",
    ),
    (
        "another module for the whole assignment",
        SOFTMAX,
        "import types\nfake = types.ModuleType('fake')\nfake.grade = lambda *a, points, **k: points\n"
        "sys.modules['effcv_lab.grading.a1_temperature'] = fake",
    ),
    (
        "what puts back",
        SOFTMAX,
        "from effcv_lab.grading import pristine, promises\npristine.Repairs.now = pristine.Repairs.after_a_call = lambda *a: None\n"
        "promises.difference = promises.difference_in_kind = lambda *a: None\n"
        "promises.Raises.problem = lambda *a: None",
    ),
    (
        "memory",
        SOFTMAX,
        CHECK + "import ctypes\nfor promise in check.promises[:2] + check.promises[4:]:\n"
        "    ctypes.c_double.from_address(id(promise.rtol) + 16).value = 1e9\n"
        "def softmax_with_temperature(logits, temperature):\n"
        "    if temperature <= 0:\n        raise ValueError\n    return answer(logits, temperature)",
    ),
    (
        "a copy of the kit's solution",
        SOFTMAX,
        "import inspect\nfrom effcv_lab import softmax\n"
        "space = dict(vars(softmax))\n"
        "exec(compile('from __future__ import annotations\\n' + "
        "inspect.getsource(softmax.softmax_with_temperature), '<mine>', 'exec'), space)\n"
        "softmax_with_temperature = space['softmax_with_temperature']",
    ),
]


def graded(name, cell, wrong):
    """Run the cells of a notebook and return points and text of the test."""
    import copy
    import importlib
    import io
    import math

    import numpy as np
    import torch

    assignment, *answers = ANSWERS[name]
    importlib.import_module(f"effcv_lab.grading.{assignment}")
    space = {"torch": torch, "math": math, "copy": copy, "sys": sys, "np": np}
    exec(compile(answers[wrong], "<answer>", "exec"), space)
    exec(compile(cell, "<cell>", "exec"), space)
    space["function"] = space.get(name, space["answer"])
    test = (
        f"from effcv_lab.grading.{assignment} import grade\n"
        f"points = grade({name!r}, function, points=10, seed=5, hidden={name == SOFTMAX})"
    )
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(test, "<test>", "exec"), space)
    return [float(space["points"]), said.getvalue()]


def in_a_fork(name, cell, wrong):
    """Return what :func:`graded` does, run in a fork: it may break what it likes."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        dump, write, leave = json.dumps, os.write, os._exit
        try:
            result = graded(name, cell, wrong)
        except BaseException as error:
            result = [0.0, f"the cell stopped with {error!r}"]
        write(writing, dump(result).encode())
        leave(0)
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text or '[0.0, "it died"]')


def main():
    import torch

    torch.set_num_threads(1)  # threads do not survive a fork
    for name in (A1, A2, A4):
        __import__(f"effcv_lab.grading.{name}")
    gc.freeze()  # what is there is shared by all forks
    tried = [(f"no attack on {name}", name, "") for name in ANSWERS]
    tried += [case[:3] for case in PUT_BACK + SEEN_THROUGH + REFUSED + NOT_CAUGHT]
    found = {
        attack: [in_a_fork(name, cell, wrong) for wrong in (False, True)]
        for attack, name, cell in tried
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
