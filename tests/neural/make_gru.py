# SPDX-License-Identifier: BSD-3-Clause
"""Writes gru_torch.txt: a GRU of PyTorch on random weights, in double precision.

Made with torch 2.13.0 (build/peers). Lines: W, U column by column, b, c; x and h of 7 samples of 2 sequences.
"""

import pathlib

import torch

torch.manual_seed(4)
gru = torch.nn.GRU(3, 5).double()
x = torch.randn(7, 2, 3, dtype=torch.float64)
h, _ = gru(x)
parts = [gru.weight_ih_l0.T, gru.weight_hh_l0.T, gru.bias_ih_l0, gru.bias_hh_l0, x, h]
lines = [" ".join(repr(float(v)) for v in part.detach().flatten()) for part in parts]
(pathlib.Path(__file__).parent / "gru_torch.txt").write_text("\n".join(lines) + "\n")
