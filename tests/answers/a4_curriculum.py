"""Right answers to assignment a4, each written differently: all of them must score full.

``<function>__<how>`` is an answer to ``<function>``. Each uses only what the assignment's setup
cell imports (math, torch, F), and imports the rest itself, like a cell of the assignment.
"""

import math

import torch
from torch.nn import functional as F


def switch_schedule__two_lists(epochs, switch_epoch):
    return ["easy"] * switch_epoch + ["hard"] * (epochs - switch_epoch)


def switch_schedule__appended(epochs, switch_epoch):
    names = []
    for epoch in range(epochs):
        if epoch >= switch_epoch:
            names.append("hard")
        else:
            names.append("easy")
    return names


def switch_schedule__overwritten(epochs, switch_epoch):
    names = ["hard"] * epochs
    names[:switch_epoch] = ["easy"] * switch_epoch
    return names


def switch_schedule__looked_up(epochs, switch_epoch):
    return [("easy", "hard")[epoch >= switch_epoch] for epoch in range(epochs)]


def switch_schedule__chained(epochs, switch_epoch):
    from itertools import chain, repeat

    return list(chain(repeat("easy", switch_epoch), repeat("hard", epochs - switch_epoch)))


def switch_schedule__numpy_names(epochs, switch_epoch):
    """A list of NumPy's own strings, which are strings."""
    import numpy as np

    return list(np.where(np.arange(epochs) < switch_epoch, "easy", "hard"))


def pacing__two_cases(step, total_steps, start_fraction, full_at):
    end = full_at * total_steps
    if step >= end:
        return 1.0
    return start_fraction + (1 - start_fraction) * step / end


def pacing__mixture(step, total_steps, start_fraction, full_at):
    done = min(step / (total_steps * full_at), 1)
    return done + (1 - done) * start_fraction


def pacing__capped_at_last(step, total_steps, start_fraction, full_at):
    slope = (1.0 - start_fraction) / (full_at * total_steps)
    return min(1.0, start_fraction + slope * step)


def pacing__downwards(step, total_steps, start_fraction, full_at):
    """What is still missing shrinks to 0."""
    missing = 1 - step / total_steps / full_at
    return 1.0 - max(0.0, missing) * (1.0 - start_fraction)


def pacing__numpy(step, total_steps, start_fraction, full_at):
    import numpy as np

    return float(np.interp(step, [0, full_at * total_steps], [start_fraction, 1.0]))


def elongation__eigenvalues_by_hand(images):
    mass = (images - images[:, :, :1, :1]).abs().squeeze(1)
    if (mass.flatten(1).max(dim=1).values == 0).any():
        raise ValueError("blank")
    weight = mass / mass.sum((1, 2), keepdim=True)
    rows = torch.arange(mass.shape[1]).to(mass)
    columns = torch.arange(mass.shape[2]).to(mass)
    by_row, by_column = weight.sum(2), weight.sum(1)
    down = rows - (by_row * rows).sum(1, keepdim=True)
    across = columns - (by_column * columns).sum(1, keepdim=True)
    a = (by_row * down**2).sum(1)
    b = (by_column * across**2).sum(1)
    c = torch.einsum("bhw,bh,bw->b", weight, down, across)
    root = torch.sqrt((a - b) ** 2 / 4 + c**2)
    long, short = (a + b) / 2 + root, ((a + b) / 2 - root).clamp(min=0)
    return 1 - torch.sqrt(short / long)


def elongation__along_its_own_axes(images):
    """Turn rows and columns until the covariance beside the diagonal is 0."""
    mass = (images - images[:, :, :1, :1]).abs()[:, 0].double()
    if not mass.flatten(1).any(dim=1).all():
        raise ValueError("blank")
    weight = mass / mass.sum(dim=(1, 2), keepdim=True)
    r = torch.arange(mass.shape[1]).double()[:, None]
    c = torch.arange(mass.shape[2]).double()
    r = r - (weight * r).sum(dim=(1, 2), keepdim=True)
    c = c - (weight * c).sum(dim=(1, 2), keepdim=True)
    a, b, d = ((weight * v).sum(dim=(1, 2), keepdim=True) for v in (r * r, c * c, r * c))
    turn = torch.atan2(2 * d, a - b) / 2
    along, beside = r * turn.cos() + c * turn.sin(), c * turn.cos() - r * turn.sin()
    spreads = torch.stack([(weight * v**2).sum(dim=(1, 2)).sqrt() for v in (along, beside)])
    return (1 - spreads.amin(dim=0) / spreads.amax(dim=0)).to(images.dtype)


def elongation__torch_cov(images):
    """One picture at a time, with torch's own weighted covariance."""
    values = []
    for picture in images[:, 0]:
        mass = (picture - picture[0, 0]).abs().flatten()
        if mass.sum() == 0:
            raise ValueError("nothing to see")
        height, width = picture.shape
        points = torch.cartesian_prod(torch.arange(height), torch.arange(width)).T.double()
        covariance = torch.cov(points, correction=0, aweights=mass.double())
        low, high = torch.linalg.eigvalsh(covariance).clamp(min=0).sqrt()
        values.append(1 - low / high)
    return torch.stack(values).to(images.dtype)


def elongation__numpy(images):
    import numpy as np

    values = []
    for picture in images[:, 0].double().numpy():
        mass = np.abs(picture - picture[0, 0])
        if not mass.any():
            raise ValueError("nothing but ground")
        r, c = np.indices(picture.shape)
        r = r - np.average(r, weights=mass)
        c = c - np.average(c, weights=mass)
        rr, cc, rc = (np.average(v, weights=mass) for v in (r * r, c * c, r * c))
        roots = np.sqrt(np.abs(np.linalg.eigvalsh([[rr, rc], [rc, cc]])))
        values.append(1 - roots.min() / roots.max())
    return torch.tensor(values, dtype=images.dtype)


def elongation__singular_values(images):
    """The spreads are the singular values of the centred points, each scaled by its root weight."""
    count, _, height, width = images.shape
    mass = (images - images[:, :, 0:1, 0:1]).abs().view(count, -1)
    total = mass.sum(1, keepdim=True)
    if (total <= 0).any():
        raise ValueError("a blank picture")
    weight = (mass / total).unsqueeze(2)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    points = torch.stack([rows.flatten(), columns.flatten()], dim=1).to(images.dtype)
    points = points - (weight * points).sum(1, keepdim=True)
    spread = torch.linalg.svdvals(weight.sqrt() * points)
    return 1 - spread[:, 1] / spread[:, 0]


def elongation__moments(images):
    """The mean of the products minus the product of the means, in double precision."""
    mass = (images - images[..., :1, :1]).abs()[:, 0].double()
    total = mass.sum(dim=(1, 2))
    if not (total > 0).all():
        raise ValueError("nothing but ground")
    r = torch.arange(mass.shape[1]).double().view(1, -1, 1)
    c = torch.arange(mass.shape[2]).double().view(1, 1, -1)

    def mean(values):
        return (mass * values).sum(dim=(1, 2)) / total

    a, b, d = (
        mean(r * r) - mean(r) ** 2,
        mean(c * c) - mean(c) ** 2,
        mean(r * c) - mean(r) * mean(c),
    )
    matrix = torch.stack([torch.stack([a, d], -1), torch.stack([d, b], -1)], -1)
    short, long = torch.linalg.eigvalsh(matrix).unbind(-1)
    return (1 - (short.clamp(min=0) / long).sqrt()).to(images.dtype)


def curriculum_batches__easiest_by_topk(difficulty, pacing_fn, batch_size, total_steps, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    count = difficulty.numel()
    batches = []
    for s in range(total_steps):
        size = max(batch_size, math.ceil(pacing_fn(s) * count))
        pool = difficulty.topk(size, largest=False).indices
        chances = torch.ones(size)
        batches.append(pool[torch.multinomial(chances, batch_size, generator=generator)])
    return batches


def curriculum_batches__chances_of_all(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Every example has a chance of 1 in the pool and of 0 outside."""
    generator, rank = torch.Generator().manual_seed(seed), difficulty.argsort().argsort()
    sizes = [max(batch_size, math.ceil(pacing_fn(s) * len(rank))) for s in range(total_steps)]
    chances = [(rank < size).float() for size in sizes]
    return [torch.multinomial(chance, batch_size, generator=generator) for chance in chances]


def curriculum_batches__drawn_until_different(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Draw one after the other, and once more what is there already."""
    generator, order = torch.Generator().manual_seed(seed), difficulty.argsort().tolist()
    batches = []
    for step in range(total_steps):
        pool, batch = order[: max(batch_size, math.ceil(pacing_fn(step) * len(order)))], set()
        while len(batch) < batch_size:
            batch.add(pool[torch.randint(len(pool), (1,), generator=generator).item()])
        batches.append(torch.tensor(list(batch), dtype=torch.int32))
    return batches


def curriculum_batches__python_random(difficulty, pacing_fn, batch_size, total_steps, seed):
    import random

    dice = random.Random(seed)
    values = difficulty.tolist()
    order = sorted(range(len(values)), key=lambda i: values[i])
    sizes = [max(batch_size, math.ceil(pacing_fn(s) * len(order))) for s in range(total_steps)]
    return [torch.tensor(dice.sample(order[:size], batch_size)) for size in sizes]


def curriculum_batches__numpy_generator(difficulty, pacing_fn, batch_size, total_steps, seed):
    import numpy as np

    dice = np.random.default_rng(seed)
    order = np.argsort(difficulty.numpy(), kind="stable")
    batches = []
    for step in range(total_steps):
        pool = order[: max(batch_size, int(np.ceil(pacing_fn(step) * len(order))))]
        batches.append(torch.from_numpy(dice.choice(pool, batch_size, replace=False)))
    return batches


def curriculum_batches__random_scores(difficulty, pacing_fn, batch_size, total_steps, seed):
    """Shuffle all examples and keep the first that are in the pool."""
    generator = torch.Generator().manual_seed(1_000_003 * seed + 17)
    rank = difficulty.argsort(stable=True).argsort()
    batches = []
    for step in range(total_steps):
        size = max(batch_size, math.ceil(pacing_fn(step) * len(rank)))
        mixed = torch.rand(len(rank), generator=generator).argsort()
        batches.append(mixed[rank[mixed] < size][:batch_size])
    return batches


def curriculum_batches__a_generator_for_each_step(
    difficulty, pacing_fn, batch_size, total_steps, seed
):
    _, order = difficulty.sort()
    batches = []
    for step in range(total_steps):
        generator = torch.Generator().manual_seed(seed * 100_000 + step)
        size = max(batch_size, -int(-pacing_fn(step) * len(order) // 1))
        batches.append(order[:size][torch.randperm(size, generator=generator)[:batch_size]])
    return batches


def curriculum_batches__seeded_and_put_back(difficulty, pacing_fn, batch_size, total_steps, seed):
    """With torch's common generator, inside a fence."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        order = torch.argsort(difficulty)
        sizes = (max(batch_size, math.ceil(pacing_fn(s) * len(order))) for s in range(total_steps))
        return [order[torch.randperm(size)[:batch_size]] for size in sizes]


def low_frequency_crop__without_a_shift(images, bandwidth):
    """Take the four corners of the spectrum as it comes."""
    side = images.shape[-1]
    if bandwidth % 2 == 1 or bandwidth < 2 or bandwidth > side:
        raise ValueError("bandwidth")
    half = bandwidth // 2
    places = torch.cat([torch.arange(half), torch.arange(side - half, side)])
    kept = torch.fft.fft2(images)[:, :, places][:, :, :, places]
    return torch.fft.ifft2(kept).real * bandwidth**2 / side**2


def low_frequency_crop__forward_norm(images, bandwidth):
    """With norm="forward" the way there takes means, and the way back needs no factor."""
    side = images.size(2)
    if bandwidth not in range(2, side + 1, 2):
        raise ValueError("bandwidth must be even and between 2 and H")
    axes = (2, 3)
    spectrum = torch.fft.fftshift(torch.fft.fft2(images, norm="forward"), dim=axes)
    start = side // 2 - bandwidth // 2
    kept = spectrum.narrow(2, start, bandwidth).narrow(3, start, bandwidth)
    return torch.fft.ifft2(torch.fft.ifftshift(kept, dim=axes), norm="forward").real


def low_frequency_crop__half_spectrum(images, bandwidth):
    """irfft2 is right once each frequency has been averaged with its partner."""
    side = images.shape[-1]
    if bandwidth % 2 or not 2 <= bandwidth <= side:
        raise ValueError("bandwidth")
    places = torch.fft.fftfreq(bandwidth, 1 / bandwidth).round().long() % side
    kept = torch.fft.fft2(images)[..., places, :][..., places]
    partner = kept.flip(-2, -1).roll((1, 1), (-2, -1)).conj()
    half = ((kept + partner) / 2)[..., : bandwidth // 2 + 1]
    return torch.fft.irfft2(half, s=(bandwidth, bandwidth)) * (bandwidth / side) ** 2


def low_frequency_crop__matrices(images, bandwidth):
    """The whole way is linear: one matrix from the left, its transpose from the right."""
    side = images.shape[-1]
    if bandwidth % 2 != 0 or not 1 < bandwidth <= side:
        raise ValueError("bandwidth")
    k = torch.arange(-(bandwidth // 2), bandwidth // 2).double()
    there = torch.exp(-2j * math.pi * k[:, None] * torch.arange(side) / side) / side
    back = torch.exp(2j * math.pi * torch.arange(bandwidth)[:, None] * k / bandwidth)
    way = back @ there
    return (way @ images.to(torch.complex128) @ way.T).real.to(images.dtype)


def low_frequency_crop__one_axis_after_the_other(images, bandwidth):
    side = images.shape[-1]
    if bandwidth % 2 or bandwidth > side or bandwidth <= 0:
        raise ValueError("bandwidth")
    result = images
    for axis in (-1, -2):
        spectrum = torch.fft.fftshift(torch.fft.fft(result, dim=axis), dim=axis)
        kept = spectrum.narrow(axis, side // 2 - bandwidth // 2, bandwidth)
        result = torch.fft.ifft(torch.fft.ifftshift(kept, dim=axis), dim=axis) * bandwidth / side
    return torch.real(result).contiguous()


def low_frequency_crop__numpy(images, bandwidth):
    import numpy as np

    side = images.shape[-1]
    if bandwidth % 2 or not 2 <= bandwidth <= side:
        raise ValueError("bandwidth")
    spectrum = np.fft.fftshift(np.fft.fft2(images.numpy(), norm="ortho"), axes=(-2, -1))
    cut = slice(side // 2 - bandwidth // 2, side // 2 + bandwidth // 2)
    kept = np.fft.ifftshift(spectrum[..., cut, cut], axes=(-2, -1))
    small = np.fft.ifft2(kept, norm="ortho").real * bandwidth / side
    return torch.from_numpy(small).to(images.dtype)


def low_frequency_crop__negative_padding(images, bandwidth):
    """F.pad with negative numbers crops; the sum of the frequencies sets the factor."""
    side = images.shape[-1]
    if bandwidth % 2 or not 2 <= bandwidth <= side:
        raise ValueError("bandwidth")
    low = side // 2 - bandwidth // 2
    high = side - bandwidth - low
    spectrum = torch.fft.fftshift(torch.fft.fft2(images), dim=(-2, -1))
    kept = F.pad(spectrum, (-low, -high, -low, -high))
    small = torch.fft.ifft2(torch.fft.ifftshift(kept, dim=(-2, -1)), norm="forward").real
    return small / side**2
