"""Learn from what goes on inside a teacher: the features of a layer in its middle, or at its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from effcv_lab.arguments import number_in
from effcv_lab.distillation.outputs import ask
from effcv_lab.evaluation import eval_mode, features


def hint_loss(
    student_features: Tensor,
    teacher_features: Tensor,
    regressor: Callable[[Tensor], Tensor],
) -> Tensor:
    """Measure how far the student's features, once translated, are from the teacher's.

    Half the squared distance between ``regressor(student_features)`` and ``teacher_features``,
    summed over an image's features, then the mean over the batch.

    Parameters
    ----------
    student_features : float Tensor (B, ...)
        What the guided layer puts out.
    teacher_features : float Tensor (B, ...)
        What the hint layer puts out; gets no gradient.
    regressor : function or Module
        Translates the one into the shape of the other.

    Returns
    -------
    loss : Tensor, one number.

    Raises
    ------
    ValueError
        If the translated features have another shape than the teacher's.

    References
    ----------
    Romero et al., *FitNets: Hints for Thin Deep Nets*, ICLR 2015, section 2.2, equation 3.

    Examples
    --------
    >>> hint_loss(torch.zeros(2, 1, 1, 2), torch.ones(2, 1, 1, 2), nn.Identity())
    tensor(1.)
    """
    translated = regressor(student_features)
    if translated.shape != teacher_features.shape:
        raise ValueError(
            f"regressor must give the teacher's shape {tuple(teacher_features.shape)}, "
            f"got {tuple(translated.shape)}"
        )
    distances = (translated - teacher_features.detach()).square().flatten(1).sum(dim=1) / 2
    return distances.mean()


class HintedStudent(nn.Module):
    """A student with the regressor that stage 1 of FitNets needs, and stage 2 throws away.

    It answers as the student does. Train it with :class:`HintLoss`, then go on with ``.student``.

    Parameters
    ----------
    student : Sequential of named parts
    regressor : Module
        From the guided layer's output to the hint layer's; see :func:`hint_regressor`.
    """

    def __init__(self, student: nn.Sequential, regressor: nn.Module) -> None:
        super().__init__()
        self.student = student
        self.regressor = regressor

    def forward(self, images: Tensor) -> Tensor:
        """Map images ``(B, C, H, W)`` to the student's logits ``(B, K)``."""
        return self.student(images)


def hint_regressor(
    student: nn.Sequential,
    teacher: nn.Sequential,
    guided_layer: str,
    hint_layer: str,
    in_shape: tuple[int, int, int],
) -> nn.Conv2d:
    """Make the 1x1 convolution that turns guided features into as many channels as the hint has.

    FitNets' rule for its kernel k is ``guided size - k + 1 = hint size``; 1 if the sizes agree.

    Parameters
    ----------
    student, teacher : Sequential of named parts
    guided_layer, hint_layer : str
        The student's layer that is guided, and the teacher's that guides it.
    in_shape : tuple (C, H, W)
        The shape of one image.

    Returns
    -------
    regressor : Conv2d, with first weights from torch's global seed.

    Raises
    ------
    ValueError
        If there is no such layer, or the two layers differ in height or width.

    References
    ----------
    Romero et al., ICLR 2015, section 2.2.

    Examples
    --------
    >>> from effcv_lab.models import small_cnn
    >>> thin, wide = small_cnn((4, 4, 4)), small_cnn((16, 32))
    >>> hint_regressor(thin, wide, "block2", "block2", in_shape=(1, 28, 28))
    Traceback (most recent call last):
        ...
    ValueError: guided_layer and hint_layer must agree in height and width, got 7x7 and 14x14
    >>> hint_regressor(thin, wide, "block1", "block1", in_shape=(1, 28, 28))
    Conv2d(4, 16, kernel_size=(1, 1), stride=(1, 1))
    """
    shapes = []
    for name, model, layer in (
        ("guided_layer", student, guided_layer),
        ("hint_layer", teacher, hint_layer),
    ):
        part = up_to(model, layer)
        first = next(part.parameters(), torch.zeros(0))
        shape = tuple(ask(part, torch.zeros(1, *in_shape, device=first.device)).shape[1:])
        if len(shape) != 3:
            raise ValueError(f"{name} must put out feature maps (C, H, W), got {shape}")
        shapes.append(shape)
    (guided, *guided_size), (hint, *hint_size) = shapes
    if guided_size != hint_size:
        raise ValueError(
            "guided_layer and hint_layer must agree in height and width, got "
            f"{guided_size[0]}x{guided_size[1]} and {hint_size[0]}x{hint_size[1]}"
        )
    return nn.Conv2d(guided, hint, kernel_size=1)


@dataclass(frozen=True)
class HintLoss:
    """A ``batch_loss`` that pulls a student's middle towards its teacher's: FitNets' stage 1.

    The three stages are three calls of ``fit``: the teacher; ``HintedStudent(student, regressor)``
    with this loss, which trains the student up to ``guided_layer`` and the regressor, nothing
    else; then ``student`` alone with :class:`DistillationLoss`. Labels are not looked at.

    Parameters
    ----------
    teacher : Sequential of named parts, trained
    hint_layer : str
        The teacher's layer that guides.
    guided_layer : str
        The student's layer that is guided.

    Raises
    ------
    ValueError
        If the teacher has no such layer.

    References
    ----------
    Romero et al., *FitNets: Hints for Thin Deep Nets*, ICLR 2015, section 2.2, equation 3, and
    section 2.3 (stages).

    Examples
    --------
    >>> from effcv_lab.models import small_cnn
    >>> thin, wide = small_cnn((4, 4)), small_cnn((16, 32))
    >>> regressor = hint_regressor(thin, wide, "block1", "block1", in_shape=(1, 28, 28))
    >>> loss = HintLoss(wide, hint_layer="block1", guided_layer="block1")
    >>> loss(HintedStudent(thin, regressor), torch.rand(2, 1, 28, 28), None).shape
    torch.Size([])
    """

    teacher: nn.Sequential
    hint_layer: str
    guided_layer: str

    def __post_init__(self) -> None:
        up_to(self.teacher, self.hint_layer)

    def __call__(self, model: HintedStudent, images: Tensor, labels: Tensor | None) -> Tensor:
        """Return the loss of one batch; only what leads to the guided layer gets a gradient."""
        guided = up_to(model.student, self.guided_layer)(images)
        hints = ask(up_to(self.teacher, self.hint_layer), images)
        return hint_loss(guided, hints, model.regressor)


@dataclass(frozen=True)
class RepresentationLoss:
    """A ``batch_loss`` that asks for the label and for the teacher's encoding of the input.

    ``CE + weight * hint_loss`` between the outputs of one layer, without a regressor: student and
    teacher encode alike wide. Meant for a student that sees less of the input than its teacher.

    Parameters
    ----------
    teacher : Module, trained
    layer : str
        Name of the layer in both, whose output is the encoding ``(B, D)``.
    weight : float >= 0

    Raises
    ------
    ValueError
        If ``weight`` is negative, or a model has no such layer.

    References
    ----------
    Bhardwaj, Srinivasan, Khapra, *Efficient Video Classification Using Fewer Frames*, CVPR 2019,
    arXiv 1902.10640 (a representation close to the teacher's: already in arXiv 1805.04668, abstract).

    Examples
    --------
    >>> from effcv_lab.training import cross_entropy
    >>> model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    >>> batch = torch.rand(3, 1, 2, 2), torch.tensor([0, 1, 1])
    >>> loss = RepresentationLoss(model, layer="0", weight=1.0)
    >>> torch.equal(loss(model, *batch), cross_entropy(model, *batch))  # equal to its teacher
    True
    """

    teacher: nn.Module
    layer: str
    weight: float = 1.0

    def __post_init__(self) -> None:
        number_in("weight", self.weight, 0)

    def __call__(self, student: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
        """Return the loss of one batch; only the student gets a gradient."""
        everything = ""  # the name of the model itself: its output, from the same run
        seen = features(student, images, [self.layer, everything])
        supervised = F.cross_entropy(seen[everything], labels)
        teacher = self.teacher.to(images.device)
        with eval_mode(teacher), torch.no_grad():
            wanted = features(teacher, images, [self.layer])[self.layer]
        return supervised + self.weight * hint_loss(seen[self.layer], wanted, nn.Identity())


def up_to(model: nn.Sequential, layer: str) -> nn.Sequential:
    """Return the first parts of a model, ``layer`` included: the same parts, not copies.

    Raises
    ------
    ValueError
        If the model is no Sequential, or has no such part.

    Examples
    --------
    >>> from effcv_lab.models import mlp
    >>> [name for name, _ in up_to(mlp((5,)), "relu1").named_children()]
    ['flatten', 'hidden1', 'relu1']
    """
    if not isinstance(model, nn.Sequential):
        raise ValueError(f"model must be a Sequential of named parts, got {type(model).__name__}")
    names = [name for name, _ in model.named_children()]
    if layer not in names:
        raise ValueError(f"layer must be one of {names}, got {layer!r}")
    return model[: names.index(layer) + 1]
