"""What goes wrong in ``kd_loss`` where the two parts are weighed and added."""

from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def t_squared_missing(student_logits, teacher_logits, labels, temperature, alpha):
    """Multiply the soft part by T²: at a high T its gradient shrinks as 1 / T².

    Try T = 20 and T = 1 with alpha = 1 and compare the gradients: they should be about equally
    large.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * soft


def t_instead_of_t_squared(student_logits, teacher_logits, labels, temperature, alpha):
    """Multiply the soft part by T², not by T: its gradient shrinks as 1 / T².

    Try T = 20 and T = 1 with alpha = 1 and compare the gradients: they should be about equally
    large.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature * soft


def t_doubled(student_logits, teacher_logits, labels, temperature, alpha):
    """Square T: 2 * T equals T² at T = 2 only (and ^ is no power in Python, ** is).

    Try T = 10 and T = 1 with alpha = 1 and compare the gradients: they should be about equally
    large.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * 2 * temperature * soft


def divided_by_t_squared(student_logits, teacher_logits, labels, temperature, alpha):
    """Multiply by T² instead of dividing: the soft part is small at a high T already.

    Try T = 20 with alpha = 1: your loss is next to nothing.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * soft / temperature**2


def t_squared_on_the_whole_loss(student_logits, teacher_logits, labels, temperature, alpha):
    """Multiply only the soft part by T²: the hard part is taken at T = 1 and needs no help.

    Try alpha = 0 and change T: the loss should stay as it is.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return temperature**2 * ((1 - alpha) * hard + alpha * soft)


def alpha_on_the_wrong_term(student_logits, teacher_logits, labels, temperature, alpha):
    """Give alpha to the teacher and 1 - alpha to the labels: yours has them the other way round.

    Try alpha = 0: the loss should be the plain cross-entropy with the labels.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return alpha * hard + (1 - alpha) * temperature**2 * soft


def labels_not_weighted(student_logits, teacher_logits, labels, temperature, alpha):
    """Weight the labels by 1 - alpha: yours takes all of the hard part at every alpha.

    Try alpha = 1: only the teacher should be left, and changing the labels should change nothing.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return hard + alpha * temperature**2 * soft


def teacher_not_weighted(student_logits, teacher_logits, labels, temperature, alpha):
    """Weight the soft part by alpha: yours takes all of it at every alpha.

    Try alpha = 0: the loss should be the plain cross-entropy with the labels.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + temperature**2 * soft


def alpha_ignored(student_logits, teacher_logits, labels, temperature, alpha):
    """Weight the parts, alpha for the teacher, 1 - alpha for the labels: yours adds them up.

    Try alpha = 0 and alpha = 1: one of the two parts should be gone.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return hard + temperature**2 * soft


def labels_ignored(student_logits, teacher_logits, labels, temperature, alpha):
    """Add (1 - alpha) times the cross-entropy with the labels: yours hears the teacher alone.

    Try other labels: the loss should change unless alpha is 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return alpha * temperature**2 * soft


def temperature_left_on_in_the_hard_part(
    student_logits, teacher_logits, labels, temperature, alpha
):
    """Take the cross-entropy with the labels at T = 1, the way the student is used later.

    Try alpha = 0 and change T: the loss should stay as it is. A student trained with T left on is
    far too unsure once T is gone.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits / temperature, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def softmax_before_cross_entropy(student_logits, teacher_logits, labels, temperature, alpha):
    """Hand cross_entropy the logits: it takes the softmax itself, so yours is taken twice.

    Try student logits (0, 20) with label 1 and alpha = 0: the loss should be next to 0, yours is
    0.31.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(F.softmax(student_logits, dim=1), labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def labels_summed_over_batch(student_logits, teacher_logits, labels, temperature, alpha):
    """Average the hard part over the images, as the soft part: reduction="sum" adds them up.

    Try a batch that holds the same image twice: the loss stays, your hard part doubles.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels, reduction="sum")
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def hard_part_averaged_over_classes(student_logits, teacher_logits, labels, temperature, alpha):
    """Sum the hard part over the classes: mean() over all of (B, K) divides by K as well.

    Try alpha = 0 and logits of zeros: the loss should be ln K, yours is (ln K) / K.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    one_hot = F.one_hot(labels, student_logits.shape[1])
    hard = -(one_hot * F.log_softmax(student_logits, dim=1)).mean()
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def logarithm_of_the_hard_part_missing(student_logits, teacher_logits, labels, temperature, alpha):
    """Hand nll_loss logarithms of probabilities: it takes none, so yours is minus a probability.

    Try alpha = 0: a loss should never be negative, yours is. cross_entropy does both steps.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.nll_loss(F.softmax(student_logits, dim=1), labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def one_loss_per_image(student_logits, teacher_logits, labels, temperature, alpha):
    """Average over the batch: fit() needs one number, yours has one for each image.

    Look at the shape of your result: it should be (), torch's shape of a single number.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels, reduction="none")
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="none").sum(dim=1)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def everything_summed_over_batch(student_logits, teacher_logits, labels, temperature, alpha):
    """Average both parts over the images: yours are sums, so a larger batch takes larger steps.

    Try a batch that holds the same image twice: the loss stays, yours doubles.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels, reduction="sum")
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="sum")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def number_taken_out(student_logits, teacher_logits, labels, temperature, alpha):
    """Return the tensor itself: .item() gives a number that cannot be differentiated any more.

    Try kd_loss(...).backward().
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return ((1 - alpha) * hard + alpha * temperature**2 * soft).item()


MISTAKES = [
    Misconception.of(t_squared_missing),
    Misconception.of(t_instead_of_t_squared),
    Misconception.of(t_doubled),
    Misconception.of(divided_by_t_squared),
    Misconception.of(t_squared_on_the_whole_loss),
    Misconception.of(alpha_on_the_wrong_term),
    Misconception.of(labels_not_weighted),
    Misconception.of(teacher_not_weighted),
    Misconception.of(alpha_ignored),
    Misconception.of(labels_ignored),
    Misconception.of(temperature_left_on_in_the_hard_part),
    Misconception.of(softmax_before_cross_entropy),
    Misconception.of(labels_summed_over_batch),
    Misconception.of(hard_part_averaged_over_classes),
    Misconception.of(logarithm_of_the_hard_part_missing),
    Misconception.of(one_loss_per_image),
    Misconception.of(everything_summed_over_batch),
    Misconception.of(number_taken_out),
]
