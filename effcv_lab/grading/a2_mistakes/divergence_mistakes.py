"""What goes wrong in the soft part of ``kd_loss``."""

from torch.nn import functional as F

from effcv_lab.grading.outcomes import Misconception


def mean_over_classes_too(student_logits, teacher_logits, labels, temperature, alpha):
    """Average over the images only: reduction="mean" of kl_div divides by K as well.

    Try alpha = 1 with a class more that has no probability anywhere: the loss should stay.
    reduction="batchmean" divides by the number of images and by nothing else.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="mean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def divergence_summed_over_batch(student_logits, teacher_logits, labels, temperature, alpha):
    """Average the soft part over the images, as the hard part: reduction="batchmean", not "sum".

    Try a batch that holds the same image twice: the loss stays, your soft part doubles.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="sum")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def batch_divided_twice(student_logits, teacher_logits, labels, temperature, alpha):
    """Divide by the number of images once: reduction="batchmean" has done it already.

    Try a batch that holds the same image twice: the loss stays, your soft part is halved.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean") / len(labels)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def divergence_the_other_way_round(student_logits, teacher_logits, labels, temperature, alpha):
    """Take KL(teacher || student), an average over what the teacher believes, not the reverse.

    Compare with (p * (log p - log q)).sum(dim=1), p the teacher's. kl_div takes the student's
    logarithms first, the teacher second.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    teacher_log_probs = F.log_softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(teacher_log_probs, log_probs.exp(), reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def probabilities_for_log_probabilities(student_logits, teacher_logits, labels, temperature, alpha):
    """Hand kl_div the logarithms of the student's probabilities: it takes none itself.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0, yours is
    negative.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def target_in_logarithms_unannounced(student_logits, teacher_logits, labels, temperature, alpha):
    """Say log_target=True if the teacher's side is in logarithms too: kl_div expects probabilities.

    Try it: kl_div takes the logarithm of your negative numbers, and the loss is nan.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.log_softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def log_target_with_probabilities(student_logits, teacher_logits, labels, temperature, alpha):
    """Leave log_target=True out, or hand over logarithms: yours takes exp() of probabilities.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean", log_target=True)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def cross_entropy_instead_of_divergence(student_logits, teacher_logits, labels, temperature, alpha):
    """Subtract the teacher's entropy: the cross-entropy -sum p log q is KL plus the entropy of p.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0. Yours has the
    right gradient, because the entropy does not depend on the student, but it is no distance.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = -(probs * log_probs).sum(dim=1).mean()
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def entropy_added(student_logits, teacher_logits, labels, temperature, alpha):
    """Look at the sign: KL is sum p (log p - log q); yours adds the two, or takes the minus of it.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0, and never
    negative.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = (probs * (probs.log() + log_probs)).sum(dim=1).mean()
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def teacher_not_softened(student_logits, teacher_logits, labels, temperature, alpha):
    """Divide the teacher's logits by T too: a soft student never equals a teacher that is not.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach(), dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def student_not_softened(student_logits, teacher_logits, labels, temperature, alpha):
    """Divide the student's logits by T too: yours is made unsure for good, at T = 1.

    Try equal logits for student and teacher with alpha = 1: the loss should be 0.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def temperature_multiplied(student_logits, teacher_logits, labels, temperature, alpha):
    """Divide the logits by T; multiplying makes both harder, not softer.

    Try T = 20 with logits (0, 1): the probabilities should be nearly equal, yours are 0 and 1.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits * temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() * temperature, dim=1)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def wrong_axis(student_logits, teacher_logits, labels, temperature, alpha):
    """Take both softmaxes over the classes (dim=1), not over the images of the batch (dim=0).

    Try a batch of one image: every probability becomes 1, and your soft part 0.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=0)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=0)
    soft = F.kl_div(log_probs, probs, reduction="batchmean")
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def answer_of_the_teacher_only(student_logits, teacher_logits, labels, temperature, alpha):
    """Use all of the teacher's probabilities: its answer alone hides which classes it finds alike.

    Try a teacher with logits (0, 1, 9) and one with (1, 0, 9): the loss should differ.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    answers = teacher_logits.detach().argmax(dim=1)
    soft = F.cross_entropy(student_logits / temperature, answers)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


def squared_gap_of_logits(student_logits, teacher_logits, labels, temperature, alpha):
    """Compare probabilities at T by their divergence: yours is the squared gap between the logits.

    Try adding 5 to all logits of the teacher: its probabilities stay, and so should the loss.
    (For large T the two have the same gradient up to a factor, Hinton et al., section 2.1.)
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    soft = F.mse_loss(student_logits, teacher_logits.detach())
    return (1 - alpha) * hard + alpha * soft


def squared_gap_of_probabilities(student_logits, teacher_logits, labels, temperature, alpha):
    """Compare the two distributions by KL: yours is the mean squared gap between the probabilities.

    Try a student that gives 0.001 where the teacher gives 0.1: KL minds much, a squared gap of
    0.01 hardly.
    """
    if temperature <= 0:
        raise ValueError("temperature must be > 0")
    hard = F.cross_entropy(student_logits, labels)
    log_probs = F.log_softmax(student_logits / temperature, dim=1)
    probs = F.softmax(teacher_logits.detach() / temperature, dim=1)
    soft = F.mse_loss(log_probs.exp(), probs)
    return (1 - alpha) * hard + alpha * temperature**2 * soft


MISTAKES = [
    Misconception.of(mean_over_classes_too),
    Misconception.of(divergence_summed_over_batch),
    Misconception.of(batch_divided_twice),
    Misconception.of(divergence_the_other_way_round),
    Misconception.of(probabilities_for_log_probabilities),
    Misconception.of(target_in_logarithms_unannounced),
    Misconception.of(log_target_with_probabilities),
    Misconception.of(cross_entropy_instead_of_divergence),
    Misconception.of(entropy_added),
    Misconception.of(teacher_not_softened),
    Misconception.of(student_not_softened),
    Misconception.of(temperature_multiplied),
    Misconception.of(wrong_axis),
    Misconception.of(answer_of_the_teacher_only),
    Misconception.of(squared_gap_of_logits),
    Misconception.of(squared_gap_of_probabilities),
]
