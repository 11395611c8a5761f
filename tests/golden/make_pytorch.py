# SPDX-License-Identifier: BSD-3-Clause
"""Writes pytorch_*.safetensors: weights of small networks, and what PyTorch makes of an input.

Made with torch 2.13.0+cpu and safetensors 0.8.0: build/peers/bin/python tests/golden/make_pytorch.py
"""

import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

FOLDER = pathlib.Path(__file__).parent


class Spectral(nn.Module):
    def __init__(self, channels, modes):
        super().__init__()
        self.w = nn.Parameter(torch.randn(modes, channels, channels, dtype=torch.cfloat) / channels)

    def forward(self, x):
        modes = self.w.shape[0]
        y = torch.zeros(*x.shape[:2], x.shape[-1] // 2 + 1, dtype=torch.cfloat)
        y[..., :modes] = torch.einsum("bik,kio->bok", torch.fft.rfft(x)[..., :modes], self.w)
        return torch.fft.irfft(y, n=x.shape[-1])


class FNO1d(nn.Module):
    """x: (batch, channels, points), without the coordinate."""

    def __init__(self, channels=1, modes=5, width=6, layers=3, projection=8):
        super().__init__()
        self.lift = nn.Conv1d(channels + 1, width, 1)
        self.spec = nn.ModuleList(Spectral(width, modes) for _ in range(layers))
        self.skip = nn.ModuleList(nn.Conv1d(width, width, 1) for _ in range(layers))
        self.p1, self.p2 = nn.Conv1d(width, projection, 1), nn.Conv1d(projection, channels, 1)

    def forward(self, x):
        at = torch.arange(x.shape[-1]) / x.shape[-1]
        x = self.lift(torch.cat([x, at.expand(len(x), 1, -1)], 1))
        for k, (spectral, pointwise) in enumerate(zip(self.spec, self.skip)):
            x = spectral(x) + pointwise(x)
            if k + 1 < len(self.spec):
                x = F.gelu(x)
        return self.p2(F.gelu(self.p1(x)))


class Gru(nn.Module):
    """x: (batch, time, variables)."""

    def __init__(self, variables=2, units=5, layers=2):
        super().__init__()
        self.gru = nn.GRU(variables, units, layers, batch_first=True)
        self.head = nn.Linear(units, variables)

    def forward(self, x):
        return self.head(self.gru(x)[0])


class S4dLayer(nn.Module):
    """x: (batch, channels, time); each channel convolved with 2 Re sum C (exp(dt A) - 1) / A exp(dt A l)."""

    def __init__(self, channels, pairs):
        super().__init__()
        self.log_dt = nn.Parameter(torch.empty(channels).uniform_(-7, -2))
        self.log_A_real = nn.Parameter(0.5 * torch.randn(channels, pairs) - 0.7)
        self.A_imag = nn.Parameter(torch.pi * torch.arange(pairs).repeat(channels, 1) + 0.1 * torch.randn(channels, pairs))
        self.C = nn.Parameter(torch.view_as_real(torch.randn(channels, pairs, dtype=torch.cfloat)).contiguous())
        self.D = nn.Parameter(torch.randn(channels))

    def forward(self, x):
        length = x.shape[-1]
        A = -self.log_A_real.exp() + 1j * self.A_imag
        step = A * self.log_dt.exp()[:, None]
        weights = torch.view_as_complex(self.C) * (step.exp() - 1) / A
        kernel = 2 * (weights[..., None] * (step[..., None] * torch.arange(length)).exp()).sum(1).real
        y = torch.fft.irfft(torch.fft.rfft(x, n=2 * length) * torch.fft.rfft(kernel, n=2 * length), n=2 * length)
        return y[..., :length] + self.D[:, None] * x


class S4d(nn.Module):
    """x: (batch, time, variables)."""

    def __init__(self, variables=2, channels=4, pairs=3, layers=2):
        super().__init__()
        self.encoder, self.decoder = nn.Linear(variables, channels), nn.Linear(channels, variables)
        self.layers = nn.ModuleList(S4dLayer(channels, pairs) for _ in range(layers))
        self.mix = nn.ModuleList(nn.Linear(channels, channels) for _ in range(layers - 1))

    def forward(self, x):
        x = self.encoder(x)
        for k, layer in enumerate(self.layers):
            x = F.gelu(layer(x.mT).mT, approximate="tanh")
            if k < len(self.mix):
                x = self.mix[k](x)
        return self.decoder(x)


def write(name, net, x):
    save_file(net.state_dict(), FOLDER / f"pytorch_{name}.safetensors")
    with torch.no_grad():
        save_file({"input": x, "output": net(x).contiguous()}, FOLDER / f"pytorch_{name}_values.safetensors")


torch.manual_seed(0)
write("fno", FNO1d(), torch.randn(3, 1, 24))
write("mlp", nn.Sequential(nn.Linear(3, 7), nn.SiLU(), nn.Linear(7, 5), nn.SiLU(), nn.Linear(5, 2)), torch.randn(4, 3))
write("gru", Gru(), torch.randn(3, 9, 2))
write("s4d", S4d(), torch.randn(3, 9, 2))
