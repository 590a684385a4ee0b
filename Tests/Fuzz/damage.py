"""Damage at byte level, and the values that break programs."""

INTEGERS = [0, 1, 2, 3, 7, 8, 127, 128, 255, 256, 1000, 32767, 32768, 65535, 65536, 1 << 20, (1 << 31) - 1, 1 << 31,
            (1 << 32) - 1, 1 << 32, 1 << 40, (1 << 53) + 1, (1 << 62), (1 << 63) - 1, -1, -2, -128, -(1 << 31), -(1 << 63)]
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 1e-45, 1e-38, 1e38, -1e38, 3.4028235e38, -3.4028235e38, float("inf"), float("-inf"),
          float("nan"), 2.0**31, 2.0**63, -2.0**63, 2.0**64, 1e19, 1e20]
STRINGS = ["", " ", "a" * 70_000, "\x1b[2J", "\u009b2J", "\u202ex", "%s%n", "../../x", "/dev/zero", "/dev/full", "\u0000", "é" * 300,
           "\U0001F600" * 50, "a\nb", "-1", "1e999", "nan"]


def spoil(data, chance, most=6):
    """A copy of `data` with some bytes changed, cut out, doubled, or lengths in it made extreme."""
    data = bytearray(data)
    for _ in range(chance.randint(1, most)):
        if not data:
            break
        position = chance.randrange(len(data))
        kind = chance.randrange(8)
        if kind == 0:
            data[position] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[position] = chance.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)])
        elif kind == 2:
            del data[position:position + chance.choice([1, 2, 4, 8, 64, 1024])]
        elif kind == 3:
            length = chance.choice([1, 2, 8, 64, 1024])
            data[position:position] = data[position:position + length] * chance.choice([1, 1, 2, 50])
        elif kind == 4:
            size = chance.choice([1, 2, 4, 8])
            value = chance.choice(INTEGERS) & ((1 << 8 * size) - 1)
            data[position:position + size] = value.to_bytes(size, chance.choice(["little", "big"]))
        elif kind == 5:
            other = chance.randrange(len(data))
            length = chance.choice([1, 4, 16, 256])
            data[position:position + length] = data[other:other + length]
        elif kind == 6:
            end = len(data) if chance.random() < 0.3 else position + 1
            del data[position:end]
        else:
            data[position:position] = chance.randbytes(chance.choice([1, 3, 9, 100]))
    return bytes(data)
