"""What goes wrong in ``curriculum_batches`` with the draw: chance, seeds and what is returned.

What is compared is what the batches show (``batch_promises``), so it is no matter how they are drawn.
"""

import math

import torch

from effcv_lab.grading.outcomes import Misconception


def same_batch_again(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Make the generator once, before the loop: seeded anew in each step, it draws the same again.

    Print the first five batches: while the pool stays the same, so do yours. The same examples come
    again and again, and the others never.
    """
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        generator = torch.Generator().manual_seed(seed)
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def never_more_than_a_batch(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Take the larger of the two, max(batch_size, ...): with min the pool is never more than one batch.

    Try a fraction of 1.0 and count the different examples: it should be N.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = min(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def left_over_from_the_last_pool(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Shuffle the pool of each step anew: yours goes on with what is left of an earlier, other pool.

    Try a pace that goes up and down: what is left of a large pool is too hard for the small one after it.
    """
    generator = torch.Generator().manual_seed(seed)
    left = torch.tensor([], dtype=torch.int64)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        if len(left) < batch_size:
            left = easiest_first[torch.randperm(pool, generator=generator)]
        batches.append(left[:batch_size])
        left = left[batch_size:]
    return batches


def pool_gone_through_in_turn(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Draw each step anew from the whole pool: yours goes through it in turn, as an epoch does.

    Print the first batches while the pool stays the same: no example comes again until the pool is used
    up. Put the whole pool back after each step.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    left, shuffled = [], 0
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        if pool != shuffled or len(left) < batch_size:
            left, shuffled = easiest_first[torch.randperm(pool, generator=generator)], pool
        batches.append(left[:batch_size])
        left = left[batch_size:]
    return batches


def same_for_seed_0(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Seed one generator before the loop: seed * step is 0 in every step if the seed is 0.

    Try seed 0 and print the first five batches: while the pool stays the same, so do yours.
    """
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        generator = torch.Generator().manual_seed(seed * step)
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def always_the_easiest(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Draw from the pool: yours takes the easiest of it each time, and the others never come.

    Try a fraction of 1.0 and count the different examples: it should be N.
    """
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[:pool][:batch_size])
    return batches


def always_the_hardest_of_the_pool(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Draw from the whole pool: yours takes the hardest of it each time.

    Try a fraction of 1.0 and count the different examples: it should be N.
    """
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[pool - batch_size : pool])
    return batches


def drawn_with_replacement(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Draw without repetition: randint and choice may draw an example twice for one batch.

    Try a pool as large as a batch: each of its examples must come once. torch.randperm(pool)[:batch_size]
    has no repetition.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randint(pool, (batch_size,), generator=generator)])
    return batches


def easy_ones_more_often(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Give every example of the pool the same chance: yours draws the easy ones more often.

    Try 1,000 steps and count how often each comes. The pool is the curriculum; within it nobody is preferred.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        chances = 0.5 ** torch.arange(pool, dtype=torch.float64)
        picked = torch.multinomial(chances, batch_size, generator=generator)
        batches.append(easiest_first[picked])
    return batches


def seed_left_out(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Seed the generator with the seed: yours draws the same batches for every seed.

    Try seeds 0 and 1 and compare. Error bars over seeds would be none.
    """
    generator = torch.Generator().manual_seed(0)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def no_seed_at_all(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Seed a generator with the seed: yours goes on with the random numbers of the whole notebook.

    Call it twice with one seed and compare: nobody could repeat the experiment.
    """
    generator = torch.default_generator
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def random_numbers_of_all_seeded(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Use a generator of your own: torch.manual_seed, random.seed and np.random.seed seed everybody else.

    Put torch.rand(1) after two calls with one seed: it gives the same number twice. Write
    generator = torch.Generator().manual_seed(seed) and hand it to randperm.
    """
    generator = torch.default_generator
    torch.manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def one_batch_too_many(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return total_steps batches, one for each of the steps 0 to total_steps - 1: yours has one more.

    Look at len() of your result: range(n + 1) holds n + 1 numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps + 1):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return batches


def one_tensor_returned(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return a list of tensors, one for each step: torch.stack makes one tensor of them.

    Look at type() of your result.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return torch.stack(batches)


def lists_returned(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return tensors: yours are lists of Python numbers, and images[list] is slower than images[tensor].

    Look at type() of your first batch.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    return [batch.tolist() for batch in batches]


def one_batch_returned(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return the list after the loop: a return inside it ends everything with the first batch.

    Look at len() of your result: it should be total_steps.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
        return batches
    return batches


def difficulties_returned(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Return which examples are drawn, not how difficult they are.

    Look at the dtype of your batches: indices are whole numbers.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        picked = easiest_first[torch.randperm(pool, generator=generator)[:batch_size]]
        batches.append(difficulty[picked])
    return batches


def sorted_in_place(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Sort a copy: difficulty.sort() gives one, but writing into difficulty changes the caller's order.

    Print difficulty before and after a call: a second call would sort by something else.
    """
    generator = torch.Generator().manual_seed(seed)
    easiest_first = difficulty.argsort()
    batches = []
    for step in range(total_steps):
        pool = max(batch_size, math.ceil(pacing_fn(step) * len(difficulty)))
        batches.append(easiest_first[torch.randperm(pool, generator=generator)[:batch_size]])
    difficulty[:] = difficulty.sort().values
    return batches


MISTAKES = [
    Misconception.of(same_batch_again, lambda args, got: all(len(seen) == args[2] for seen in got)),
    Misconception.of(never_more_than_a_batch),
    Misconception.of(left_over_from_the_last_pool),
    Misconception.of(pool_gone_through_in_turn),
    Misconception.of(same_for_seed_0),
    Misconception.of(always_the_easiest),
    Misconception.of(always_the_hardest_of_the_pool),
    Misconception.of(drawn_with_replacement),
    Misconception.of(easy_ones_more_often),
    Misconception.of(seed_left_out),
    Misconception.of(no_seed_at_all),
    Misconception.of(random_numbers_of_all_seeded, lambda args, got: "were moved" in got),
    Misconception.of(one_batch_too_many),
    Misconception.of(one_tensor_returned),
    Misconception.of(lists_returned),
    Misconception.of(one_batch_returned),
    Misconception.of(difficulties_returned),
    Misconception.of(sorted_in_place),
]
