"""Checks of the classes in the current folder."""

import importlib
import sys

sys.path.insert(0, ".")


def _class(name):
    module = importlib.import_module(name)
    return getattr(module, "".join(word.capitalize() for word in name.split("_")))


def rule(name, params):
    """The kernel of default params, and of others, is what the compiler writes."""
    cls = _class(name)
    for ending, values in (("default", {}), ("other", params)):
        made = cls(num_updates=7, **values)
        with open(f"{name}_{ending}.cpp", encoding="utf-8") as file:
            assert made.generate_kernel().lstrip("\n") == file.read(), f"{name}: {ending}"
    assert made.timer.num_periods == 8 and made.changed_since_last_run
    for every, fields in cls.RECORDS:
        assert every > 0 and set(fields) <= set(made.observables)


def more(keys):
    """Everything that `more` has: inputs, records, random numbers, refusals."""
    made = _class("more")(num_updates=3, seed=5, chip=1, same_id=2)
    words = [word for key in keys for word in (key >> 32, key % 2**32)]
    assert made.symbols()["rule_more_keys"] == words and made.same_id == 2
    assert f"{{0x{words[0]:08x}, 0x{words[1]:08x}, " in made.generate_kernel()
    made.set_input("reward", -0.5)
    made.set_input("drive", [4.0, 0.0, 1.0])
    symbols = made.symbols()
    assert symbols["rule_more_input_reward"] == [2**32 - 2**15], symbols["rule_more_input_reward"]
    drive = symbols["rule_more_input_drive"]
    assert len(drive) == 128 and drive[0] == 4 * 2**12 << 16, hex(drive[0])
    assert drive[1] == 2**12 << 16 | 3 * 2**11, hex(drive[1])
    assert len(symbols["rule_more_input_bias"]) == 8 * 128
    assert made.observables["class_"].size == 4 and made.observables["level"].size == 32
    assert made.sampled(0) == [[2]] and made.sampled(1) == [[1, 2]]
    assert made.value("trace", 2**11) == 1.0
    for wrong in ({"gain": 3}, {"lambda": 2.5}, {"loss": 1}):
        try:
            made.set_params(**wrong)
        except ValueError as error:
            assert "param" in str(error)
        else:
            raise AssertionError(wrong)
