"""The rule `@name@` for pynn-brainscales. Written by @maker@.

@doc@
"""

import math

import pynn_brainscales.brainscales2 as pynn


def _splitmix64(state):
    z = (state + 0x9E3779B97F4A7C15) % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return z ^ (z >> 31)


def _stream_key(seed, chip, hemisphere):
    return _splitmix64(_splitmix64(seed) ^ (chip << 40 | hemisphere << 32))


def _sign(x):
    return 1.0 if x > 0 else -1.0 if x < 0 else x


def _root(x):
    return math.sqrt(x) if x >= 0 else math.nan


def _quotient(a, b):
    if b != 0:
        return a / b
    return math.nan if a == 0 or a != a else math.copysign(math.inf, a) * math.copysign(1, b)


def _smaller(a, b):
    return a if a < b or b != b else b


def _larger(a, b):
    return a if a > b or b != b else b


def _quantised(value, scale):
    """The raw value in units of 1 / scale: to nearest, ties to even; 0 if it is no number."""
    if value != value:
        return 0
    return round(min(max(value * scale, -32768.0), 32767.0))


class @class@(pynn.PlasticityRule):
    """Give it to `PlasticSynapse(plasticity_rule=...)` of a projection and, if the rule reads or
    resets neurons, to `HXNeuron(plasticity_rule=...)` of its neurons.

    :param num_updates: Updates to run.
    :param seed: Seed of the random numbers.
    :param chip: Number of the chip, of which random numbers depend too.
    :param same_id: As of `pynn.PlasticityRule`, where it has it: different rules of one experiment
        need different ones.
    :param params: Values of params, by name; one that is a word of Python goes as
        `**{"lambda": 0.5}`.
    """

    START_MS = @start@
    PERIOD_MS = @period@
    #: Invocations before the first update.
    BEFORE = @before@
    #: Of each param: smallest and largest value, default, whether only whole numbers are allowed.
    PARAMS = {
@params@    }
@fixed@    #: Of each input: symbol, number of values, fraction bits, whether a word has two values, raw
    #: value until it is set.
    INPUTS = {
@inputs@    }
    #: Of each record: updates from one sample to the next, and its observables, each with scope,
    #: fraction bits, and number of values of a hemisphere if it is an array.
    RECORDS = [
@records@    ]
    DRAWS = @draws@

    def __init__(self, num_updates, seed=0, chip=0, same_id=None, **params):
        timer = pynn.Timer(
            start=self.START_MS, period=self.PERIOD_MS, num_periods=num_updates + self.BEFORE
        )
        more = {} if same_id is None else {"same_id": same_id}
        super().__init__(timer=timer, observables=self._observables_of_records(), **more)
        self._seed = (seed, chip)
        self._params = {name: default for name, (_, _, default, _) in self.PARAMS.items()}
        self._inputs = {
            name: [initial] * count for name, (_, count, _, _, initial) in self.INPUTS.items()
        }
        self.set_params(**params)

    @classmethod
    def _observables_of_records(cls):
        observables = {}
        for _, fields in cls.RECORDS:
            for name, (scope, _, count) in fields.items():
                if scope == "synapse":
                    kind = pynn.PlasticityRule.ObservablePerSynapse
                    layout = kind.LayoutPerRow.packed_active_columns
                    observables[name] = kind(kind.Type.int16, layout)
                elif scope == "neuron":
                    kind = pynn.PlasticityRule.ObservablePerNeuron
                    observables[name] = kind(kind.Type.int16, kind.Layout.packed_active_columns)
                else:
                    # A word, as upper and lower half, for each value of both hemispheres.
                    observables[name] = cls._array("uint16", 4 * count)
        if cls.RECORDS:
            observables["records"] = cls._array("uint8", len(cls.RECORDS))
        return observables

    @staticmethod
    def _array(element, size):
        array = pynn.PlasticityRule.ObservableArray()
        array.type = getattr(pynn.PlasticityRule.ObservableArray.Type, element)
        array.size = size
        return array

    def set_params(self, **params):
        """Sets params; nothing changes if one is not allowed."""
        for name, value in params.items():
            if name not in self.PARAMS:
                raise ValueError(f"the rule has no param `{name}`; it has {', '.join(self.PARAMS)}")
            low, high, _, whole = self.PARAMS[name]
            if not low <= value <= high:
                raise ValueError(f"param `{name}` must lie in {low} .. {high}, not {value}")
            if whole and value != int(value):
                raise ValueError(f"param `{name}` is an integer, and {value} is not")
        self._params.update({name: float(value) for name, value in params.items()})
        self.changed_since_last_run = True

    @property
    def params(self):
        """Values of the params."""
        return dict(self._params)

    def set_input(self, name, values):
        """Sets an input: a number for all, or a list of them by columns, or by rows."""
        _, count, bits, _, _ = self.INPUTS[name]
        values = [values] * count if isinstance(values, (int, float)) else list(values)
        if len(values) > count:
            raise ValueError(f"input `{name}` has {count} values, not {len(values)}")
        raw = [_quantised(value, 2.0**bits) for value in values]
        self._inputs[name][: len(raw)] = raw
        self.changed_since_last_run = True

    def derived_values(self):
        """What the kernel is told of the params."""
        return self._derived(self._params)

    @staticmethod
    def _derived(p):  # pylint: disable=unused-argument
        return [
@derived@        ]

    def _keys(self):
        seed, chip = self._seed
        keys = [_stream_key(seed, chip, hemisphere) for hemisphere in (0, 1)]
        return [word for key in keys for word in (key >> 32, key % 2**32)]

    def symbols(self):
        """Words of each symbol, for `InjectedConfiguration.ppu_symbols`: what else needs the kernel
        compiled anew."""
        words = {}
        if self.derived_values():
            words["rule_@name@_derived"] = [value % 2**32 for value in self.derived_values()]
        if self.DRAWS:
            words["rule_@name@_keys"] = self._keys()
        for name, (symbol, _, _, two, _) in self.INPUTS.items():
            raw = self._inputs[name]
            if two:
                pairs = zip(raw[::2], raw[1::2])
                words[symbol] = [a % 2**16 << 16 | b % 2**16 for a, b in pairs]
            else:
                words[symbol] = [value % 2**32 for value in raw]
        return words

    def generate_kernel(self):
        """The kernel with the params, inputs and seed of this object."""
        gaps = {
            "derived": self.derived_values(),
            "keys": [f"0x{word:08x}" for word in self._keys()],
        }
        gaps.update((self.INPUTS[name][0], raw) for name, raw in self._inputs.items())
        kernel = KERNEL
        for gap, values in gaps.items():
            kernel = kernel.replace(f"@{gap}@", ", ".join(str(value) for value in values))
        return kernel

    def sampled(self, record=0):
        """For each snippet the positions of the samples that hold this record: all invocations have
        a sample, those in which the record was not due are without meaning."""
        taken = self.get_observable_array("records")
        return [
            [index for index, sample in enumerate(snippet) if sample.data[record]]
            for snippet in taken
        ]

    @classmethod
    def value(cls, observable, raw):
        """What a raw value of an observable stands for."""
        for _, fields in cls.RECORDS:
            if observable in fields:
                return raw * 2.0 ** -fields[observable][1]
        raise ValueError(f"the rule does not record `{observable}`")


KERNEL = r"""
@kernel@"""
