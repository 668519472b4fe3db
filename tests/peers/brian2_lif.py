"""The network of `tests/tests/peer_simulator.rs` in Brian2: rates and membranes.

Reads the network as JSON, times in milliseconds of biological time, potentials in ADC LSB:
    neurons     a list each: leak, reset, threshold, tau_mem, tau_exc, tau_inh, refractory,
                strength_exc, strength_inh (strength: current of a unit of weight, LSB a ms)
    events      [input, time] each
    weights     one list an input: signed weight of each neuron
    recurrent   [from, to, signed weight] each, with `delay`
    duration, dt, sample
Prints the number of spikes of each neuron and its membrane every `sample` ms, as JSON.
"""
import json
import sys

import numpy as np
from brian2 import (Network, NeuronGroup, SpikeGeneratorGroup, SpikeMonitor, StateMonitor,
                    Synapses, defaultclock, ms, prefs)

network = json.load(sys.stdin)
prefs.codegen.target = "numpy"
defaultclock.dt = network["dt"] * ms
neurons = np.array(network["neurons"])
group = NeuronGroup(
    len(neurons),
    """dv/dt = (leak - v) / tau_mem + exc - inh : 1 (unless refractory)
       dexc/dt = -exc / tau_exc : Hz
       dinh/dt = -inh / tau_inh : Hz
       leak : 1
       low : 1
       bound : 1
       tau_mem : second
       tau_exc : second
       tau_inh : second
       hold : second
       strength_exc : Hz
       strength_inh : Hz""",
    threshold="v > bound",
    reset="v = low",
    refractory="hold",
    # Exact solutions divide by differences of time constants; the step is short enough.
    method="rk4",
)
group.leak, group.low, group.bound = neurons[:, 0], neurons[:, 1], neurons[:, 2]
group.tau_mem, group.tau_exc, group.tau_inh = (neurons[:, i] * ms for i in (3, 4, 5))
group.hold = neurons[:, 6] * ms
group.strength_exc, group.strength_inh = (neurons[:, i] / ms for i in (7, 8))
group.v = neurons[:, 0]

events = network["events"]
weights = np.array(network["weights"])
source = SpikeGeneratorGroup(
    len(weights), [e[0] for e in events], np.array([e[1] for e in events]) * ms
)
given, made = [], []
for sign, change in ((1, "exc_post += w * strength_exc_post"), (-1, "inh_post += w * strength_inh_post")):
    pre, post = np.nonzero(sign * weights > 0)
    synapses = Synapses(source, group, "w : 1", on_pre=change)
    synapses.connect(i=pre, j=post)
    synapses.w = np.abs(weights[pre, post])
    given.append(synapses)
    pairs = [r for r in network["recurrent"] if sign * r[2] > 0]
    if pairs:
        synapses = Synapses(group, group, "w : 1", on_pre=change, delay=network["delay"] * ms)
        synapses.connect(i=[r[0] for r in pairs], j=[r[1] for r in pairs])
        synapses.w = [abs(r[2]) for r in pairs]
        made.append(synapses)
spikes = SpikeMonitor(group, record=False)
membranes = StateMonitor(group, "v", record=True, dt=network["sample"] * ms)

Network(group, source, spikes, membranes, *given, *made).run(network["duration"] * ms)
print(json.dumps({
    "counts": [int(n) for n in spikes.count],
    "membranes": np.round(np.array(membranes.v), 4).tolist(),
}))
