"""What goes wrong in ``switch_schedule(epochs, switch_epoch)``."""

from effcv_lab.grading.outcomes import Misconception


def one_easy_epoch_too_many(epochs, switch_epoch):
    """Write epoch < switch_epoch: with <= the switch epoch itself is still easy.

    Try switch_schedule(4, 2) and count: two easy epochs, 0 and 1.
    """
    return ["easy" if epoch <= switch_epoch else "hard" for epoch in range(epochs)]


def epochs_counted_from_one(epochs, switch_epoch):
    """Count epochs from 0, as range(epochs) does: yours switches one epoch too early.

    Try switch_schedule(4, 2) and count: two easy epochs, 0 and 1.
    """
    return ["easy" if epoch < switch_epoch else "hard" for epoch in range(1, epochs + 1)]


def easiest_last(epochs, switch_epoch):
    """Begin with the easy set and end with the hard one: yours is the anti-curriculum.

    Try switch_schedule(3, 1): easy, hard, hard. The net is judged on hard images, so these come last.
    """
    return ["hard" if epoch < switch_epoch else "easy" for epoch in range(epochs)]


def switched_from_the_end(epochs, switch_epoch):
    """Count the switch from the start: yours has switch_epoch hard epochs, not easy ones.

    Try switch_schedule(5, 1): only epoch 0 is easy.
    """
    return ["easy" if epoch < epochs - switch_epoch else "hard" for epoch in range(epochs)]


def never_switched(epochs, switch_epoch):
    """Name the hard set from switch_epoch on: yours stays with the easy one.

    Try switch_schedule(3, 1). A net that has seen easy shapes only would be judged on hard ones.
    """
    return ["easy"] * epochs


def no_easy_epoch(epochs, switch_epoch):
    """Name the easy set before switch_epoch: yours is hard throughout, the control.

    Try switch_schedule(3, 1).
    """
    return ["hard"] * epochs


def always_at_half(epochs, switch_epoch):
    """Switch at switch_epoch: yours switches at half, whatever the argument says.

    Try switch_schedule(8, 2): two easy epochs. Where to switch is what the experiment asks.
    """
    return ["easy" if epoch < epochs // 2 else "hard" for epoch in range(epochs)]


def hard_for_one_epoch_only(epochs, switch_epoch):
    """Stay with the hard set after the switch: yours goes back to the easy one.

    Try switch_schedule(4, 2): compare with <, not with !=.
    """
    return ["easy" if epoch != switch_epoch else "hard" for epoch in range(epochs)]


def easy_for_one_epoch_only(epochs, switch_epoch):
    """Name the easy set in every epoch before the switch: yours does so in one epoch only.

    Try switch_schedule(5, 3): three easy epochs.
    """
    return ["easy" if epoch == switch_epoch - 1 else "hard" for epoch in range(epochs)]


def sets_in_turns(epochs, switch_epoch):
    """Switch once: yours goes to and fro between the sets.

    Try switch_schedule(4, 1): easy, hard, hard, hard. Remainders (%) begin anew, < does not.
    """
    if switch_epoch == 0:
        return ["hard"] * epochs
    return ["easy" if (epoch // switch_epoch) % 2 == 0 else "hard" for epoch in range(epochs)]


def epochs_added_to_the_easy_ones(epochs, switch_epoch):
    """Return one name for each of the epochs, easy ones included: yours adds them on top.

    Try len(switch_schedule(4, 1)): 4. More epochs would be more training, not another order.
    """
    return ["easy"] * switch_epoch + ["hard"] * epochs


def one_epoch_more(epochs, switch_epoch):
    """Return a name for each of the epochs 0 to epochs - 1: yours has one more.

    Try len(switch_schedule(4, 1)): range(n) holds n numbers, range(n + 1) one more.
    """
    return ["easy" if epoch < switch_epoch else "hard" for epoch in range(epochs + 1)]


def one_epoch_less(epochs, switch_epoch):
    """Return a name for each of the epochs 0 to epochs - 1: yours has one less.

    Try len(switch_schedule(4, 1)): range(1, n) holds n - 1 numbers.
    """
    return ["easy" if epoch < switch_epoch else "hard" for epoch in range(epochs - 1)]


def truth_returned(epochs, switch_epoch):
    """Return the names "easy" and "hard", not whether an epoch is easy.

    Try switch_schedule(3, 1)[0]: who reads "easy" knows what is meant, who reads True does not.
    """
    return [epoch < switch_epoch for epoch in range(epochs)]


def capital_letters(epochs, switch_epoch):
    """Write the names in small letters, "easy" and "hard": others compare with them.

    Try "Easy" == "easy".
    """
    return ["Easy" if epoch < switch_epoch else "Hard" for epoch in range(epochs)]


def one_string_returned(epochs, switch_epoch):
    """Return a list of names, not one text with all of them.

    Try switch_schedule(3, 1)[0]: it should be "easy", yours is one letter.
    """
    return " ".join("easy" if epoch < switch_epoch else "hard" for epoch in range(epochs))


def letters_in_the_list(epochs, switch_epoch):
    """Append whole names: names += "easy" takes the word apart and adds e, a, s, y.

    Look at switch_schedule(3, 1). names.append("easy") or names += ["easy"] adds the word.
    """
    names = []
    for epoch in range(epochs):
        names += "easy" if epoch < switch_epoch else "hard"
    return names


def tuple_returned(epochs, switch_epoch):
    """Return a list: round brackets make a tuple, square ones a list.

    Try type(switch_schedule(3, 1)).
    """
    return tuple("easy" if epoch < switch_epoch else "hard" for epoch in range(epochs))


def one_name_returned(epochs, switch_epoch):
    """Return the names of all epochs in one list: a return inside the loop ends it at once.

    Try switch_schedule(3, 1): it should have three parts, yours is the first of them.
    """
    for epoch in range(epochs):
        return "easy" if epoch < switch_epoch else "hard"


def zero_taken_for_never(epochs, switch_epoch):
    """Take switch_epoch = 0 as it is: all epochs are hard, the net without a curriculum.

    Try switch_schedule(3, 0). In `if switch_epoch and ...` a 0 counts as False.
    """
    return ["hard" if switch_epoch and epoch >= switch_epoch else "easy" for epoch in range(epochs)]


def hard_at_the_end_in_any_case(epochs, switch_epoch):
    """Allow switch_epoch = epochs, all easy: yours makes the last epoch hard in any case.

    Try switch_schedule(3, 3): three easy epochs.
    """
    last = epochs - 1
    return ["easy" if epoch < min(switch_epoch, last) else "hard" for epoch in range(epochs)]


MISTAKES = [
    Misconception.of(one_easy_epoch_too_many),
    Misconception.of(epochs_counted_from_one),
    Misconception.of(easiest_last),
    Misconception.of(switched_from_the_end),
    Misconception.of(never_switched),
    Misconception.of(no_easy_epoch),
    Misconception.of(always_at_half),
    Misconception.of(hard_for_one_epoch_only),
    Misconception.of(easy_for_one_epoch_only),
    Misconception.of(sets_in_turns),
    Misconception.of(epochs_added_to_the_easy_ones),
    Misconception.of(one_epoch_more),
    Misconception.of(one_epoch_less),
    Misconception.of(truth_returned),
    Misconception.of(capital_letters),
    Misconception.of(one_string_returned),
    Misconception.of(letters_in_the_list),
    Misconception.of(tuple_returned),
    Misconception.of(one_name_returned),
    Misconception.of(zero_taken_for_never),
    Misconception.of(hard_at_the_end_in_any_case),
]
