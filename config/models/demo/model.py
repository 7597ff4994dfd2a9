"""The demo's detector: a small anchor-free network in the shape of YOLOX, made of 3x3, depthwise and 1x1 convolutions."""

import torch
from torch import nn

WIDTH, HEIGHT = 384, 288
STRIDES = (8, 16, 32)
CLASSES = 4


class Conv(nn.Sequential):
    def __init__(self, cin, cout, kernel=1, stride=1, groups=1, act=True):
        layers = [nn.Conv2d(cin, cout, kernel, stride, kernel // 2, groups=groups, bias=False), nn.BatchNorm2d(cout, eps=1e-3, momentum=0.03)]
        super().__init__(*layers, *([nn.ReLU(inplace=True)] if act else []))


class Residual(nn.Module):
    """1x1 up, depthwise 3x3, 1x1 down, add."""

    def __init__(self, channels, expand=2):
        super().__init__()
        inner = channels * expand
        self.body = nn.Sequential(Conv(channels, inner), Conv(inner, inner, 3, groups=inner), Conv(inner, channels, act=False))

    def forward(self, x):
        return x + self.body(x)


class Separable(nn.Sequential):
    def __init__(self, cin, cout, stride=1):
        super().__init__(Conv(cin, cin, 3, stride, groups=cin), Conv(cin, cout))


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.classes = nn.Sequential(Separable(channels, channels), nn.Conv2d(channels, CLASSES, 1))
        self.boxes = nn.Sequential(Separable(channels, channels), Separable(channels, channels))
        self.box, self.objectness = nn.Conv2d(channels, 4, 1), nn.Conv2d(channels, 1, 1)
        for layer in (self.classes[-1], self.objectness):
            nn.init.constant_(layer.bias, -4.6)

    def forward(self, x):
        boxes = self.boxes(x)
        return torch.cat([self.box(boxes), self.objectness(boxes), self.classes(x)], 1)


class Detector(nn.Module):
    """BGR image / 255 -> [batch, cells, 4 + 1 + classes]: offset of the centre in its cell and log of the size, both in
    units of the stride, then logits of objectness and classes (probabilities with `sigmoid`)."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(Conv(3, 16, 3, 2), Conv(16, 24, 3, 2), Residual(24))
        self.c3 = nn.Sequential(Conv(24, 48, 3, 2), Residual(48), Residual(48), Residual(48))
        self.c4 = nn.Sequential(Conv(48, 96, 3, 2), Residual(96), Residual(96))
        self.c5 = nn.Sequential(Separable(96, 96, 2), Residual(96), Residual(96))
        neck = 56
        self.p5, self.p4, self.p3 = Conv(96, neck), Conv(96, neck), Conv(48, neck)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.mix4, self.mix3 = Residual(neck), Residual(neck)
        self.heads = nn.ModuleList(Head(neck) for _ in STRIDES)

    def forward(self, x, sigmoid=False):
        c3 = self.c3(self.stem(x))
        c4 = self.c4(c3)
        p5 = self.p5(self.c5(c4))
        p4 = self.mix4(self.p4(c4) + self.up(p5))
        p3 = self.mix3(self.p3(c3) + self.up(p4))
        outputs = []
        for head, level in zip(self.heads, (p3, p4, p5)):
            y = head(level)
            if sigmoid:
                y = torch.cat([y[:, :4], y[:, 4:].sigmoid()], 1)
            outputs.append(y.flatten(2))
        return torch.cat(outputs, 2).permute(0, 2, 1)


def grid(device="cpu"):
    """For each row of the output: column, line and stride of its cell."""
    rows = []
    for stride in STRIDES:
        ys, xs = torch.meshgrid(torch.arange(HEIGHT // stride), torch.arange(WIDTH // stride), indexing="ij")
        rows.append(torch.stack([xs.flatten(), ys.flatten(), torch.full((xs.numel(),), stride)], 1))
    return torch.cat(rows).float().to(device)


def decode(raw, cells):
    """Raw boxes [.., cells, 4] to corners in input pixels."""
    centre = (raw[..., :2] + cells[:, :2]) * cells[:, 2:]
    half = raw[..., 2:4].clamp(max=6).exp() * cells[:, 2:] * 0.5
    return torch.cat([centre - half, centre + half], -1)


if __name__ == "__main__":
    net = Detector().eval()
    macs = []

    def count(module, _, output):
        weight = module.weight
        macs.append(weight.numel() * output.shape[-1] * output.shape[-2])

    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(count)
    print(tuple(net(torch.zeros(1, 3, HEIGHT, WIDTH)).shape), f"{sum(p.numel() for p in net.parameters()) / 1e3:.0f} k parameters, {2 * sum(macs) / 1e9:.3f} GFLOP")
