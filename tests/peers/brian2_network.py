"""The network of `cargo bench --bench network` in Brian2's C++ standalone mode.

256 Poisson inputs of 20 Hz, 512 leaky integrate-and-fire neurons with spread, all-to-all plastic
synapses, 10 s of biological time, steps of 0.1 ms, one thread. Pair-based STDP in Brian2's fastest
form: one trace a neuron. Prints seconds of the run alone, mean rate, input events and spikes.
"""
import shutil
import sys
import tempfile

import numpy as np
from brian2 import (NeuronGroup, SpikeMonitor, Synapses, defaultclock, device, ms, prefs, run,
                    second, seed, set_device)

PSP, WEIGHT, GAIN = (float(argument) for argument in sys.argv[1:4])
folder = tempfile.mkdtemp()
set_device("cpp_standalone", build_on_run=False)
prefs.codegen.cpp.extra_compile_args_gcc = ["-O3", "-march=native", "-ffast-math", "-std=c++11"]
prefs.devices.cpp_standalone.openmp_threads = 0
defaultclock.dt = 0.1 * ms
seed(1)

inputs = NeuronGroup(
    256,
    "dapre/dt = -apre / (5*ms) : 1",
    threshold="rand() < 20*Hz*dt",
    reset="apre += 0.5",
    method="exact",
)
neurons = NeuronGroup(
    512,
    """dv/dt = (leak - v) / (10*ms) + current : 1 (unless refractory)
       dcurrent/dt = -current / (10.001*ms) : Hz
       dapost/dt = -apost / (5*ms) : 1
       leak : 1
       bound : 1
       low : 1
       strength : Hz""",
    threshold="v > bound",
    reset="v = low; apost += 0.5",
    refractory=2 * ms,
    method="exact",
)
# The chip's own neurons, one a line: leak, threshold, reset, strength. Their time constants differ
# too, which would cost Brian2 an exponential a neuron and step: it gets the nominal ones, of which
# equal ones would divide by zero in the exact solution.
spread = np.loadtxt(sys.stdin)
neurons.leak, neurons.bound, neurons.low = spread[:, 0], spread[:, 1], spread[:, 2]
# The peak of the membrane's answer to a weight of 1, at nominal time constants of 10 ms.
neurons.strength = spread[:, 3] * np.e * PSP / (10 * ms)
neurons.v = 80
synapses = Synapses(
    inputs,
    neurons,
    "w : 1",
    on_pre=f"""current_post += w * strength_post
               w = clip(w - {GAIN} * apost_post, 0, 63)""",
    on_post=f"w = clip(w + {GAIN} * apre_pre, 0, 63)",
)
synapses.connect()
synapses.w = WEIGHT
pre, post = SpikeMonitor(inputs, record=False), SpikeMonitor(neurons, record=False)
run(10 * second)
device.build(directory=folder, run=False, debug=False)
seconds = []
for _ in range(3):
    device.run(folder, with_output=False, run_args=[])
    seconds.append(device._last_run_time)
print(min(seconds), post.num_spikes / 512 / 10, pre.num_spikes, post.num_spikes)
shutil.rmtree(folder)
