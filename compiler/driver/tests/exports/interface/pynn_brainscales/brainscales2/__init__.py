"""What classes of rules use of pynn-brainscales: they hand over timer, observables and a kernel."""

from enum import Enum

Element = Enum("Element", ["int8", "uint8", "int16", "uint16"])


class Timer:
    def __init__(self, *, start, period, num_periods):
        assert start >= 0 and period > 0
        self.start, self.period, self.num_periods = start, period, num_periods


class ObservablePerSynapse:
    Type = Element
    LayoutPerRow = Enum("LayoutPerRow", ["complete_rows", "packed_active_columns"])

    def __init__(self, type, layout_per_row):
        assert isinstance(type, Element) and isinstance(layout_per_row, self.LayoutPerRow)


class ObservablePerNeuron:
    Type = Element
    Layout = Enum("Layout", ["complete_row", "packed_active_columns"])

    def __init__(self, type, layout):
        assert isinstance(type, Element) and isinstance(layout, self.Layout)


class ObservableArray:
    Type = Element
    type = None
    size = 0


class PlasticityRule:
    ObservablePerSynapse = ObservablePerSynapse
    ObservablePerNeuron = ObservablePerNeuron
    ObservableArray = ObservableArray

    def __init__(self, timer, observables=None, same_id=0):
        self.timer, self.observables, self.same_id = timer, observables or {}, same_id
        self.changed_since_last_run = True

    def get_observable_array(self, observable):
        class Sample:
            def __init__(self, *data):
                self.data = list(data)

        assert observable in self.observables
        return [[Sample(0, 0), Sample(0, 1), Sample(1, 1)]]
