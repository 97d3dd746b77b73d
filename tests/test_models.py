"""Counts are checked by hand and against torch's own counter; nothing may leave a trace."""

import copy
import statistics
import time

import pytest
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.utils.flop_counter import FlopCounterMode

from effcv_lab import costs
from effcv_lab.models import (
    ChannelsLast,
    Ensemble,
    ResidualBlock,
    count_macs,
    count_parameters,
    features,
    latency_ms,
    mlp,
    size_bytes,
    small_cnn,
    small_resnet,
)
from effcv_lab.training import pick_device, seed_everything

DEVICE = pick_device()  # EFFCV_DEVICE=cuda runs all of this on a GPU

BUILDERS = [mlp, small_cnn, small_resnet]


def images_of(size=28, count=3, channels=1):
    generator = torch.Generator().manual_seed(0)
    return torch.rand(count, channels, size, size, generator=generator)


def trace_of(model):
    """Everything that a function which only looks must leave alone."""
    return (
        {name: value.clone() for name, value in model.state_dict().items()},
        [module.training for module in model.modules()],
        [len(module._forward_hooks) for module in model.modules()],
    )


def assert_no_trace(model, before):
    state, modes, hooks = trace_of(model)
    torch.testing.assert_close(state, before[0], rtol=0, atol=0)
    assert (modes, hooks) == before[1:]


# --- the nets ----------------------------------------------------------------------------------


@pytest.mark.parametrize("build", BUILDERS)
def test_nets_give_one_number_for_each_class(build):
    assert build()(images_of()).shape == (3, 10)
    assert build(classes=3)(images_of()).shape == (3, 3)


@pytest.mark.parametrize("build", BUILDERS)
def test_the_same_seed_builds_the_same_net(build):
    seed_everything(4)
    first = build()
    seed_everything(4)
    torch.testing.assert_close(build().state_dict(), first.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("build", [small_cnn, small_resnet])
@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 8), (28, 28), (33, 20)])
def test_convolutional_nets_take_images_of_any_size(build, shape):
    assert build().eval()(torch.zeros(2, 1, *shape)).shape == (2, 10)


@pytest.mark.parametrize("build", [small_cnn, small_resnet])
def test_convolutional_nets_take_colour(build):
    assert build(in_channels=3)(images_of(channels=3)).shape == (3, 10)


def test_the_mlp_takes_any_shape_and_any_depth():
    deep = mlp(hidden=(7, 5), in_shape=(3, 8, 9), classes=4)
    assert deep(torch.zeros(2, 3, 8, 9)).shape == (2, 4)
    assert [layer.out_features for layer in deep if isinstance(layer, nn.Linear)] == [7, 5, 4]
    assert count_parameters(mlp(hidden=())) == 784 * 10 + 10


@pytest.mark.parametrize("build", [small_cnn, small_resnet])
def test_the_answer_does_not_depend_on_the_other_images_in_eval_mode(build):
    model, images = build().eval(), images_of(count=6)
    torch.testing.assert_close(model(images)[2:3], model(images[2:3]))


def test_the_mlp_is_matrix_products_with_relu_between():
    model, images = mlp(hidden=(7, 5)), images_of()
    x = images.reshape(3, 784)
    for layer in (model.hidden1, model.hidden2):
        x = (x @ layer.weight.T + layer.bias).clamp(min=0)
    torch.testing.assert_close(model(images), x @ model.head.weight.T + model.head.bias)


def test_the_residual_net_halves_the_image_and_doubles_the_channels():
    outputs = features(small_resnet(width=4, blocks=4), images_of(), [f"block{i}" for i in "1234"])
    shapes = [tuple(output.shape[1:]) for output in outputs.values()]
    assert shapes == [(4, 28, 28), (8, 14, 14), (16, 7, 7), (32, 4, 4)]


def test_a_residual_block_that_learned_nothing_passes_its_input_on():
    block = ResidualBlock(4, 4).eval()
    nn.init.zeros_(block.change[3].weight)
    x = torch.rand(2, 4, 5, 5)
    torch.testing.assert_close(block(x), x)


@pytest.mark.parametrize("stride, width", [(1, 4), (2, 4), (1, 6), (2, 8)])
def test_a_residual_block_is_the_sum_of_its_two_ways(stride, width):
    block = ResidualBlock(4, width, stride).eval()
    x = torch.rand(2, 4, 5, 5)
    expected = (block.change(x) + block.shortcut(x)).clamp(min=0)
    torch.testing.assert_close(block(x), expected)


def test_an_ensemble_answers_with_the_mean_of_its_members_probabilities():
    torch.manual_seed(0)
    members = [mlp((7,)), mlp((7,)), small_cnn((4, 4))]
    images = torch.rand(5, 1, 28, 28)
    probs = torch.stack([member.eval()(images).softmax(dim=1) for member in members])
    answer = Ensemble(members)(images)
    torch.testing.assert_close(answer.softmax(dim=1), probs.mean(dim=0))
    torch.testing.assert_close(answer.exp(), probs.mean(dim=0))
    logits = torch.stack([member(images) for member in members]).mean(dim=0)
    assert (answer.softmax(dim=1) - logits.softmax(dim=1)).abs().max() > 1e-4  # not of the logits


def test_an_ensemble_is_never_sure_beyond_its_members_however_large_the_logits():
    torch.manual_seed(0)
    member = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    with torch.no_grad():
        member[1].weight *= 1e4
    images = torch.rand(2, 1, 2, 2)
    torch.testing.assert_close(Ensemble([member])(images), member(images).log_softmax(dim=1))


def test_an_ensemble_needs_a_member():
    with pytest.raises(ValueError, match="members must hold at least one model"):
        Ensemble([])


def test_the_layout_changes_no_value():
    for channels in (1, 3):
        images = images_of(channels=channels)
        laid_out = ChannelsLast()(images)
        assert torch.equal(laid_out, images)
        assert laid_out.stride()[1] == 1


def test_the_cnn_is_the_net_that_its_docstring_describes():
    """Written out with torch's functions, pool after ReLU as usual: it must not matter."""
    model = small_cnn(widths=(4, 6)).eval()
    images = images_of(size=9)
    x = images
    for i in (1, 2):
        block = model.get_submodule(f"block{i}")
        weight = next(block.parameters())
        norm = next(part for part in block if isinstance(part, nn.BatchNorm2d))
        norm.running_mean.uniform_(-0.1, 0.1)
        x = nn.functional.conv2d(x, weight, padding=1)
        x = (x - norm.running_mean.view(1, -1, 1, 1)) / (1 + norm.eps) ** 0.5
        x = x.clamp(min=0)
        if i == 1:
            x = nn.functional.max_pool2d(x, 2, ceil_mode=True)
    expected = x.mean(dim=(2, 3)) @ model.head.weight.T + model.head.bias
    torch.testing.assert_close(model(images), expected)


@pytest.mark.parametrize("build", BUILDERS)
def test_nets_train_stacked_under_vmap_as_they_do_alone(build):
    """Losses, gradients and BatchNorm's running statistics: what replicates.py relies on."""
    seed_everything(0)
    nets = [build().train() for _ in range(2)]
    alone = copy.deepcopy(nets)
    parameters, buffers = stack_module_state(nets)
    images = torch.rand(2, 5, 1, 28, 28)
    labels = torch.randint(0, 10, (2, 5))

    def loss(parameters, buffers, images, labels):
        logits = functional_call(nets[0], (parameters, buffers), (images,))
        return nn.functional.cross_entropy(logits, labels)

    vmap(loss)(parameters, buffers, images, labels).sum().backward()
    for r, net in enumerate(alone):
        nn.functional.cross_entropy(net(images[r]), labels[r]).backward()
        for name, parameter in net.named_parameters():
            torch.testing.assert_close(parameters[name].grad[r], parameter.grad)
        for name, buffer in net.named_buffers():
            torch.testing.assert_close(buffers[name][r], buffer)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: mlp(hidden=(0,)), "hidden must be"),
        (lambda: mlp(in_shape=(1, 0, 28)), "in_shape must be"),
        (lambda: mlp(classes=0), "classes must be"),
        (lambda: small_cnn(widths=()), "widths must"),
        (lambda: small_cnn(widths=(8, -1)), "widths must"),
        (lambda: small_cnn(in_channels=0), "in_channels must be"),
        (lambda: small_resnet(width=0), "width must be"),
        (lambda: small_resnet(blocks=0), "blocks must be"),
        (lambda: small_resnet(classes=1.5), "classes must be"),
    ],
)
def test_impossible_sizes_are_named(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()


# --- features by name --------------------------------------------------------------------------


def test_features_are_what_the_parts_put_out():
    model, images = small_cnn().eval(), images_of()
    seen = features(model, images, ["head", "block1"])
    assert list(seen) == ["head", "block1"]
    torch.testing.assert_close(seen["block1"], model.block1(model.layout(images)))
    torch.testing.assert_close(seen["head"], model(images))


def test_features_of_a_part_of_a_part():
    model, images = small_cnn().eval(), images_of()
    seen = features(model, images, ["block2.0"])["block2.0"]
    torch.testing.assert_close(seen, model.block2[0](model.block1(images)))


def test_features_can_be_part_of_a_loss():
    model = small_cnn()
    features(model, images_of(), ["block2"])["block2"].sum().backward()
    assert model.block1[0].weight.grad is not None
    assert model.head.weight.grad is None


def test_a_layer_that_works_in_place_does_not_reach_the_features():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.ReLU(inplace=True))
    nn.init.constant_(model[1].bias, -5.0)
    assert (features(model, torch.zeros(2, 1, 2, 2), ["1"])["1"] == -5).all()


def test_features_leave_no_trace_also_after_an_error():
    model = small_cnn().eval()
    before = trace_of(model)
    features(model, images_of(), ["block1", "head"])
    assert_no_trace(model, before)
    with pytest.raises(RuntimeError):
        features(model, images_of(channels=2), ["block1"])
    assert_no_trace(model, before)


def test_an_unknown_part_is_a_clear_error_that_lists_the_parts():
    with pytest.raises(ValueError, match=r"got \['block9'\]; it has .*'block1'"):
        features(small_cnn(), images_of(), ["block1", "block9"])


def test_a_part_that_does_not_run_is_a_clear_error():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3))
    model[1].register_module("spare", nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"parts that run in a forward pass, got \['1.spare'\]"):
        features(model, torch.zeros(2, 1, 2, 2), ["1.spare"])


def test_images_follow_the_model():
    model = small_cnn().to(DEVICE)
    assert features(model, images_of(), ["head"])["head"].device.type == DEVICE.type


# --- costs -------------------------------------------------------------------------------------


def test_parameters_counted_by_hand():
    assert count_parameters(mlp(hidden=(100,))) == 784 * 100 + 100 + 100 * 10 + 10
    convolutions = 9 * (1 * 16 + 16 * 32 + 32 * 64)
    norms = 2 * (16 + 32 + 64)
    assert count_parameters(small_cnn()) == convolutions + norms + 64 * 10 + 10


def test_a_shared_parameter_counts_once():
    layer = nn.Linear(3, 3, bias=False)
    assert count_parameters(nn.Sequential(layer, layer)) == 9
    assert size_bytes(nn.Sequential(layer, layer)) == 36


def test_size_counts_buffers_and_the_width_of_each_number():
    norm = nn.BatchNorm2d(5)  # 2 * 5 parameters, 2 * 5 running statistics, one int64 counter
    assert size_bytes(norm) == 20 * 4 + 8
    assert size_bytes(nn.Linear(3, 2).to(torch.float16)) == 16
    frozen = nn.Linear(3, 2).requires_grad_(False)
    assert size_bytes(frozen) == 32


def test_macs_counted_by_hand():
    assert count_macs(mlp(hidden=(100,)), (1, 28, 28)) == 784 * 100 + 100 * 10
    by_hand = 28**2 * 9 * 1 * 16 + 14**2 * 9 * 16 * 32 + 7**2 * 9 * 32 * 64 + 64 * 10
    assert count_macs(small_cnn(), (1, 28, 28)) == by_hand


@pytest.mark.parametrize(
    "model, in_shape",
    [
        (mlp(hidden=(30, 20)), (1, 28, 28)),
        (small_cnn(), (1, 28, 28)),
        (small_cnn(widths=(8, 8), in_channels=3), (3, 17, 32)),
        (small_resnet(), (1, 28, 28)),
        (small_resnet(width=4, blocks=4, in_channels=3), (3, 32, 20)),
        (nn.Conv2d(6, 8, (3, 5), stride=2, padding=1, groups=2), (6, 15, 15)),
        (nn.Conv2d(6, 8, 3, dilation=2, padding=(2, 0)), (6, 15, 15)),
        (nn.Conv2d(6, 6, 3, groups=6), (6, 15, 15)),
        (nn.Conv1d(4, 6, 3, stride=2), (4, 20)),
        (nn.Conv3d(2, 3, 3), (2, 6, 7, 8)),
        (nn.Linear(5, 7), (4, 5)),  # acts on the last dimension, so it runs 4 times
    ],
)
def test_macs_agree_with_torchs_own_counter(model, in_shape):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *in_shape))
    assert count_macs(model, in_shape) == counter.get_total_flops() / 2 > 0


def test_a_layer_that_runs_twice_costs_twice():
    layer = nn.Linear(3, 3)
    assert count_macs(nn.Sequential(layer, layer), (3,)) == 18


def test_counting_leaves_no_trace_also_after_an_error():
    model = small_cnn().to(DEVICE).train()
    model.block2.eval()
    before = trace_of(model)
    count_macs(model, (1, 28, 28))
    assert_no_trace(model, before)
    with pytest.raises(RuntimeError):
        count_macs(model, (2, 28, 28))
    assert_no_trace(model, before)


class OwnWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3, 3))

    def forward(self, x):
        return x @ self.weight


@pytest.mark.parametrize(
    "model, name",
    [
        (nn.Sequential(nn.Linear(3, 3), nn.PReLU()), "PReLU .layer '1'"),
        (nn.Sequential(OwnWeight()), "OwnWeight .layer '0'"),
        (nn.ConvTranspose2d(3, 3, 3), "ConvTranspose2d"),
        (nn.MultiheadAttention(4, 2), "MultiheadAttention"),
        (nn.LSTM(3, 3), "LSTM"),
    ],
)
def test_a_layer_that_cannot_be_counted_is_an_error_not_a_zero(model, name):
    with pytest.raises(TypeError, match=rf"count_macs cannot count {name}"):
        count_macs(model, (3,))


class Witness(nn.Module):
    """Notes how it was called."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x):
        self.calls.append((self.training, torch.is_grad_enabled()))
        return x


def test_latency_is_the_median_in_milliseconds_after_the_warm_up(monkeypatch):
    ticks = iter([0.0, 9.0, 10.0, 10.5, 20.0, 20.002, 30.0, 30.003, 40.0, 40.007])
    monkeypatch.setattr(costs.time, "perf_counter", lambda: next(ticks))
    measured = latency_ms(nn.Flatten(), torch.zeros(1, 1), repeats=3, warmup=2)
    assert measured == pytest.approx(statistics.median([2.0, 3.0, 7.0]))


def test_latency_times_a_model_that_predicts_and_leaves_no_trace():
    model = nn.Sequential(small_cnn(), Witness()).to(DEVICE).train()
    model[0].block1.eval()
    before = trace_of(model)
    assert latency_ms(model, images_of(), repeats=2, warmup=1) > 0
    assert model[1].calls == [(False, False)] * 3
    assert_no_trace(model, before)


def test_latency_waits_for_the_device_on_both_sides_of_the_clock(monkeypatch):
    events = []
    clock = time.perf_counter
    monkeypatch.setattr(costs, "_wait_for", lambda device: events.append("wait"))
    monkeypatch.setattr(costs.time, "perf_counter", lambda: events.append("clock") or clock())
    latency_ms(nn.Flatten(), torch.zeros(1, 1), repeats=1, warmup=0)
    assert events == ["wait", "clock", "wait", "clock"]


@pytest.mark.parametrize("kind", ["cuda", "mps"])
def test_a_gpu_is_waited_for(monkeypatch, kind):
    waited = []
    monkeypatch.setattr(getattr(torch, kind), "synchronize", lambda: waited.append(kind))
    costs._wait_for(torch.device(kind))
    costs._wait_for(torch.device("cpu"))
    assert waited == [kind]


@pytest.mark.parametrize("wrong", [{"repeats": 0}, {"warmup": -1}, {"repeats": 1.5}])
def test_latency_needs_whole_numbers(wrong):
    with pytest.raises(
        (ValueError, TypeError), match=f"{next(iter(wrong))} must be a whole number"
    ):
        latency_ms(nn.Flatten(), torch.zeros(1, 1), **wrong)
