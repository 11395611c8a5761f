# SPDX-License-Identifier: BSD-3-Clause
"""Prints the values that random.cpp expects: SplitMix64 and xoshiro256++ from the papers' definitions.

D. Blackman & S. Vigna, Scrambled linear pseudorandom number generators (2021),
https://doi.org/10.1145/3460772. Self-checks against the published outputs of both generators.
"""

MASK = (1 << 64) - 1


def split_mix(state):
    """A generator of SplitMix64 outputs after `state`."""
    while True:
        state = (state + 0x9E3779B97F4A7C15) & MASK
        z = state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        yield z ^ (z >> 31)


def rotl(x, k):
    return ((x << k) | (x >> (64 - k))) & MASK


def xoshiro256pp(s):
    s = list(s)
    while True:
        yield (rotl((s[0] + s[3]) & MASK, 23) + s[0]) & MASK
        t = (s[1] << 17) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = rotl(s[3], 45)


def take(generator, count):
    return [next(generator) for _ in range(count)]


def stream(seed, number):
    """A stream: SplitMix64, started at the seed mixed with the stream's number, fills the state."""
    mix = split_mix(seed ^ next(split_mix(number)))
    return xoshiro256pp(take(mix, 4))


assert take(split_mix(1234567), 3) == [6457827717110365317, 3203168211198807973, 9817491932198370423]
assert take(xoshiro256pp([1, 2, 3, 4]), 4) == [41943041, 58720359, 3588806011781223, 3591011842654386]

if __name__ == "__main__":
    for seed, number in [(0, 0), (42, 0), (42, 1), (MASK, 12345678901234567890)]:
        print(f"{{{seed}U, {number}U, {{" + ", ".join(f"{v}U" for v in take(stream(seed, number), 5)) + "}},")
