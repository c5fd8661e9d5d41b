"""Arithmetic and formats of integers that 64 bits do not hold."""

import random

EDGES = [
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "9007199254740993",
    "4294967296", "10**25", "2**64", "2**63", "10**22", "5**40",
]
FLOATS = ["1e22", "1.5", "0.1", "1e16", "1e19", "9.3e18", "1e300", "-0.0", "2.5e20"]
PERCENT = ["d", "x", "o", "i", "s", "f", "e", "g", ".3f", "30d", "+d", "#x", "X", "-25d", "030d"]
BRACE = ["", "d", "x", "b", "o", "X", "#x", ",", "_", "e", ".2f", "g", ">40", "030", "+,d", "%", "n", "_x"]
METHODS = ["", ", 'ceil'", ", 'floor'"]
BITS = [31, 32, 33, 52, 53, 54, 62, 63, 64, 65, 96, 128, 200]


class Integers:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def context(self):
        r = self.random
        return {
            "b": r.getrandbits(r.choice([60, 64, 70, 128])), "c": -r.getrandbits(r.choice([60, 64, 70, 128])),
            "e": {"x": r.getrandbits(80)}, "f": r.random() * 10 ** r.randint(0, 30),
        }

    def number(self):
        r = self.random
        pick = r.random()
        if pick < 0.25:
            return str(r.randint(0, 20))
        if pick < 0.5:
            return str(r.getrandbits(r.choice(BITS)))
        if pick < 0.6:
            return r.choice(EDGES)
        if pick < 0.7:
            return r.choice(FLOATS)
        if pick < 0.8:
            return f"(-{self.number()})"
        if pick < 0.9:
            return r.choice("bcef")
        return f"({self.number()} {r.choice(['+', '-', '*', '//', '%', '/'])} {self.number()})"

    def program(self):
        r, n = self.random, self.number
        forms = [
            lambda: f"{n()} {r.choice(['+', '-', '*', '//', '%', '/', '<', '<=', '==', '!='])} {n()}",
            lambda: f"({r.choice(['b', 'c', '7', '2', '(-3)', '10', 'f'])}) ** {r.randint(-2, 9)}",
            lambda: f"[{n()}, {n()}, {n()}] | {r.choice(['sort', 'sum', 'max', 'unique | list', 'tojson'])}",
            lambda: f"{n()} | round({r.randint(-30, 25)}{r.choice(METHODS)})",
            lambda: f"'%{r.choice(PERCENT)}|' % ({n()},)",
            lambda: f"'{{:{r.choice(BRACE)}}}'.format({n()})",
            lambda: f"{n()} | {r.choice(['tojson', 'abs', 'int', 'float', 'string', 'filesizeformat'])}",
            lambda: f"({n()} | string) | int",
            lambda: f"{{{n()}: 1, {n()}: 2}}",
            lambda: f"({n()}).bit_length()",
            lambda: f"{n()} in [{n()}, {n()}, 3]",
            lambda: f"'abcdef'[{n()}:{n()}]",
            lambda: f"{n()} is {r.choice(['odd', 'even', 'divisibleby(3)', 'integer', 'number', 'gt(5)'])}",
        ]
        return "{{ " + r.choice(forms)() + " }}"
