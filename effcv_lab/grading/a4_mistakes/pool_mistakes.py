"""What goes wrong in ``curriculum_batches`` with the pool: which examples may come at all.

What is compared is what the batches show (``batch_promises``), so it is no matter how they are drawn.
"""

import math

import torch

from effcv_lab.grading.outcomes import Misconception


def easiest_last(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Sort with the easiest first: yours fills the pool with the hardest, the anti-curriculum.

    Try difficulty [3, 1, 2, 0] with a fraction of 0.5: the pool is examples 3 and 1. argsort() has the
    smallest first; topk takes the largest unless largest=False.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort(descending=True)
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def positions_for_indices(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Look up which example stands at a position: easiest_first[position] is the example, not position.

    Try difficulty [3, 1, 2, 0] with a fraction of 0.5: the pool is examples 3 and 1, yours 0 and 1.
    """
    generator = torch.Generator().manual_seed(seed)
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(torch.randperm(pool, generator=generator)[:batch_size])
    return batches


def ranks_for_indices(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Sort once: argsort().argsort() is the rank of each example, argsort() the examples in order.

    Try difficulty [3, 1, 2, 0] with a fraction of 0.5: the pool is examples 3 and 1.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort().argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pool_rounded_down(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Round up, math.ceil: yours leaves out an example where fraction * N is no whole number.

    Try 10 examples with a fraction of 0.33: the pool is 4, int(3.3) is 3.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, int(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pool_rounded_to_the_nearest(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Round up, math.ceil: round() leaves out an example where fraction * N ends on less than a half.

    Try 10 examples with a fraction of 0.33: the pool is 4, round(3.3) is 3.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, round(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def one_example_too_many(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Take ceil(fraction * N) examples: yours adds one, which is too hard for this step.

    Try 8 examples with a fraction of 0.5: the pool is 4, and int() + 1 is 5.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = min(len(difficulty), max(batch_size, int(pacing_fn(step) * len(difficulty)) + 1))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def hardest_never_reached(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Multiply by N itself: with N - 1 the hardest example is never seen, whatever the pace.

    Try a fraction of 1.0 and look for the hardest example: a pool that never holds all is another data set.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * (len(difficulty) - 1)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def half_is_the_most(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Let the pool grow to all examples: yours ends below that, so that some are never seen.

    Try a fraction of 1.0 and count the different examples: it should be N. A pool that never holds
    all is another data set, not another order.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty) / 2))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def share_of_the_range(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Count examples: a fraction of 0.5 is half of them, not all in the lower half of the difficulties.

    Try difficulty [0, 1, 2, 100] with a fraction of 0.5: the pool is two examples, yours is three.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    easiest, hardest = difficulty.min(), difficulty.max()
    batches = []
    for step in range(total_steps):
        limit = easiest + pacing_fn(step) * (hardest - easiest)
        pool = max(batch_size, int((difficulty <= limit).sum()))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pace_left_out(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn: yours draws from all examples in every step, so there is no curriculum.

    Try a fraction of 0.5 and look at the difficulty of what is drawn.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for _ in range(total_steps):
        pool = len(difficulty)
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pace_asked_once(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn in every step: yours asks at step 0 and keeps this pool to the end.

    Try a pace from 0.5 to 1.0 and count the different examples in the last steps: it should be N. (Ask
    for the step itself, a whole number, not for step / total_steps.)
    """
    generator = torch.Generator().manual_seed(seed)
    fraction = pacing_fn(0)
    easiest_first = difficulty.argsort()
    batches = []
    for _ in range(total_steps):
        pool = max(batch_size, math.ceil(fraction * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pace_of_the_last_step(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn(s) for step s: yours asks for the last step, so the pool is full at once.

    Try a pace from 0.5 to 1.0 and look at the difficulty of the first batches.
    """
    generator = torch.Generator().manual_seed(seed)
    fraction = pacing_fn(total_steps)
    easiest_first = difficulty.argsort()
    batches = []
    for _ in range(total_steps):
        pool = max(batch_size, math.ceil(fraction * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pace_one_step_early(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn(s) for step s, counted from 0: yours asks for the step after it.

    Try a pace that is 0.5 at step 0 and 1.0 from step 1 on, and look at the first batch.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step + 1) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def pace_one_step_late(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn(s) for step s, counted from 0: yours asks for the step before it.

    Try a pace that is 0.5 at step 0 and 1.0 from step 1 on, and look at the second batch.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(max(step - 1, 0)) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def epochs_for_steps(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Ask pacing_fn for the step: yours asks for the epoch, so the pool grows far too slowly.

    Print what you ask for: 0, 1, 2, ... One step is the unit here. A smaller pool is gone through
    in fewer steps, so epochs of a curriculum are not equally much computing.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(
            batch_size,
            math.ceil(pacing_fn(step // max(1, len(difficulty) // batch_size)) * len(difficulty)),
        )
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def easy_ones_dropped(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Keep the easy examples in the pool: it grows, it does not move on to the harder ones.

    Try a fraction of 1.0 and look for the easiest example: it must still come.
    """
    generator = torch.Generator().manual_seed(seed)
    low = 0
    last = 0
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        if pool > last:
            low, last = (last if pool - last >= batch_size else pool - batch_size), pool
        picked = low + torch.randperm(pool - low, generator=generator)[:batch_size]
        batches.append(easiest_first[picked])
    return batches


def smaller_than_a_batch(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Let the pool hold a batch at least, max(batch_size, ...): yours runs out, and batches are short.

    Try 8 examples, a fraction of 0.125 and batches of 4.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = math.ceil(pacing_fn(step) * len(difficulty))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def batch_size_of_the_pool(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return batch_size examples in each batch: yours returns the whole pool.

    Look at the shapes of your batches: they would make later steps dearer than earlier ones.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)])
    return batches


MISTAKES = [
    Misconception.of(easiest_last),
    Misconception.of(positions_for_indices),
    Misconception.of(ranks_for_indices),
    Misconception.of(pool_rounded_down),
    Misconception.of(pool_rounded_to_the_nearest),
    Misconception.of(one_example_too_many),
    Misconception.of(hardest_never_reached),
    Misconception.of(half_is_the_most),
    Misconception.of(share_of_the_range),
    Misconception.of(pace_left_out),
    Misconception.of(pace_asked_once),
    Misconception.of(pace_of_the_last_step),
    Misconception.of(pace_one_step_early),
    Misconception.of(pace_one_step_late),
    Misconception.of(epochs_for_steps),
    Misconception.of(easy_ones_dropped),
    Misconception.of(smaller_than_a_batch),
    Misconception.of(batch_size_of_the_pool),
]
