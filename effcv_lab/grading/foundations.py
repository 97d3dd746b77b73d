"""What checks stand on, by name: what of Python and the libraries is remembered, and what is not."""

KIT = "effcv_lab"
GRADING = KIT + ".grading"
PYTHON = (
    *("contextlib", "copy", "copyreg", "dataclasses", "dis", "functools", "inspect"),
    *("gc", "io", "math", "operator", "os", "random", "signal", "sys"),
    *("textwrap", "traceback", "warnings"),
)
LIBRARIES = (
    *("torch", "torch._C", "torch._C._nn", "torch._VF", "torch._tensor", "torch.autograd"),
    *("torch.autograd.graph", "torch.fft", "torch.functional", "torch.linalg", "torch.nn"),
    *("torch.nn.functional", "torch.overrides", "torch.random", "torch.special", "numpy"),
    *("numpy._core.arrayprint", "numpy._core._methods", "numpy.core._methods"),
    *("numpy.fft", "numpy.linalg", "numpy.random"),
)
WITH_CLASSES = (
    *("torch.autograd.function", "torch.autograd.grad_mode", "torch.nn.parameter"),
    *("torch.nn.modules.module", "torch.nn.modules.container", "torch.nn.modules.linear"),
    *("torch.nn.modules.conv", "torch.nn.modules.batchnorm", "torch.nn.modules.dropout"),
    *("torch.nn.modules.flatten", "torch.utils._contextlib", "torch.utils._device"),
)
# What records a call, and what some promises look with at a result before the next call.
CALLED_WITH = {
    f"{GRADING}.{name}"
    for name in ("calling", "comparing", "plain", "promises", "batch_promises", "teacher_promises")
}
LOOKED_WITH = {
    "torch": (
        *("Tensor", "autograd", "cat", "enable_grad", "equal", "get_rng_state", "int32", "int64"),
        *("is_grad_enabled", "linspace", "nn", "ones_like", "rand", "stack", "strided"),
        *("zeros_like", "is_tensor", "is_complex"),
    ),
    "numpy": ("array_equal", "ceil", "random"),
    "random": ("random", "getstate", "setstate"),
    "torch.autograd": (
        *("grad", "backward", "graph", "Variable", "_make_grads", "_tensor_or_tensors_to_tuple"),
        *("_engine_run_backward", "is_tensor_like", "handle_torch_function", "overrides"),
        *("_calculate_shape", "has_torch_function", "_is_checkpoint_valid", "_vmap_internals"),
        *("_create_graph_default",),
    ),
    "torch.autograd.graph": ("_engine_run_backward", "Variable", "GradientEdge"),
    "torch.overrides": ("is_tensor_like", "has_torch_function", "handle_torch_function"),
}
# Notebooks and libraries replace these themselves, some with every cell.
REPLACED_BY_USE = {
    *("input", "breakpoint", "manual_seed", "checkcache", "showwarning", "formatwarning"),
    *("displayhook", "excepthook", "breakpointhook", "unraisablehook", "_showwarnmsg_impl"),
    *("Storage", "CURRENT_DEVICE"),  # by torch.set_default_dtype and torch.set_default_device
}
ORDINARY_TENSORS = {
    *("CPU", "Autograd", "AutogradCPU", "ADInplaceOrView", "BackendSelect"),
    *("CompositeExplicitAutograd", "CompositeImplicitAutograd"),
}
