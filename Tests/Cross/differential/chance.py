"""Random choices that every family of cases draws from."""
import random

import numpy

FLOATS = ["float32", "float32", "float32", "float64", "float16"]
SIGNED = ["int8", "int16", "int32", "int64"]
INTEGERS = SIGNED + ["uint8", "uint16", "uint32", "uint64"]
COMMON = ["float32", "float32", "float32", "float64", "int32", "int64"]
ANY = ["float32", "float64", "float16", "bool"] + INTEGERS


class Constant:
    """An input that the model holds as an initializer instead of asking for it."""

    def __init__(self, array):
        self.array = numpy.asarray(array)


class Case:
    """One node: its operator, inputs (arrays, Constants or None) and attributes."""

    def __init__(self, operator, inputs, attributes=None, opset=17, outputs=1, domain="", tolerance=None):
        self.operator, self.inputs, self.attributes = operator, inputs, attributes or {}
        self.opset, self.outputs, self.domain, self.tolerance = opset, outputs, domain, tolerance

    def __str__(self):
        def show(value):
            if value is None:
                return "-"
            array = value.array if isinstance(value, Constant) else value
            small = f"={array.tolist()}" if array.size <= 8 and array.dtype.kind in "iub" else ""
            return f"{'const ' if isinstance(value, Constant) else ''}{array.dtype}{list(array.shape)}{small}"

        kept = {name: value for name, value in self.attributes.items() if not hasattr(value, "SerializeToString")}
        return f"{self.domain or 'onnx'}.{self.operator}-{self.opset} {kept} ({', '.join(map(show, self.inputs))})"


class Chance(random.Random):
    def maybe(self, probability=0.5):
        return self.random() < probability

    def shape(self, low=0, high=4, empty=0.03, most=7):
        extents = [self.randint(1, most) for _ in range(self.randint(low, high))]
        if extents and self.maybe(empty):
            extents[self.randrange(len(extents))] = 0
        if extents and self.maybe(0.15):
            extents[self.randrange(len(extents))] = self.choice([1, 16, 17, 33, 64])
        return extents

    def array(self, shape, dtype="float32", low=-3.0, high=3.0):
        draw = numpy.random.default_rng(self.getrandbits(40))
        kind = numpy.dtype(dtype)
        if kind.kind == "b":
            return draw.random(shape) < 0.5
        if kind.kind in "iu":
            bounds = numpy.iinfo(kind)
            low, high = max(bounds.min, int(min(low * 3, -1))), min(bounds.max, int(high * 3) + 1)
            if self.maybe(0.1) and kind.itemsize < 8:
                low, high = bounds.min, bounds.max
            return draw.integers(low, high, shape, dtype=kind, endpoint=True)
        return numpy.asarray(draw.uniform(low, high, shape)).astype(kind)

    def ends(self, shape, dtype):
        """Integers at the ends of their type and around 2^53, which no float64 holds."""
        bounds = numpy.iinfo(dtype)
        known = [bounds.min, bounds.min + 1, 0, 1, 2, bounds.max // 3, bounds.max - 1, bounds.max]
        known += [value for value in (2**53, 2**53 + 1, 2**62 + 1, -2**53 - 1) if bounds.min <= value <= bounds.max]
        draw = numpy.random.default_rng(self.getrandbits(40))
        return numpy.array([known[i] for i in draw.integers(0, len(known), int(numpy.prod(shape)))], dtype).reshape(shape)

    def given(self, array, probability=0.5):
        """The array, as a constant of the model as often as not."""
        return Constant(array) if self.maybe(probability) else array

    def integers(self, values, narrow=False, probability=0.75):
        return self.given(numpy.array(values, numpy.int32 if narrow and self.maybe(0.3) else numpy.int64), probability)

    def broadcastable(self, shape):
        """A shape that broadcasts with `shape`."""
        other = [1 if self.maybe(0.3) else extent for extent in shape]
        return other[self.randint(0, len(other)):] if self.maybe(0.4) else other

    def axis(self, rank):
        return self.randint(-rank, rank - 1)

    def axes(self, rank, least=0):
        chosen = self.sample(range(rank), self.randint(min(least, rank), rank))
        return [axis - rank if self.maybe(0.3) else axis for axis in chosen]
