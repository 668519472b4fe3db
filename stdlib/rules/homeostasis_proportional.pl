//! Homeostasis in proportion to the rate error, with stochastic rounding so that small errors count too.
//! Form of G. G. Turrigiano, Cell 135, 422 (2008), additive: `w += k (nu_t - nu)`.
//! Exact in the mean; a step is rounded up with the probability of its fraction. For any view.
//! Cost: at most about 820 us of the processor for 256 rows of 256 columns.

rule homeostasis_proportional {
    /// Spikes per update to reach.
    param nu_target : real in 0.0 .. 255.0 = 60
    /// Gain, weight LSB per spike.
    param gain      : real in 0.0 .. 1.0 = 0.02

    every 10 ms
    rounding stochastic

    synapses { weight += gain * (nu_target - rate) }
    neurons  { reset rate }

    record weight every 100 updates
}

test acts_in_the_mean for homeostasis_proportional {
    view 16 rows, 200 columns
    seed 3
    set nu_target = 20, gain = 0.0625
    given weight = 30, rate = 12
    run 1 updates
    // half a step: one or none, even odds; of 16 * 200 draws the mean lies in 0.5 +- 0.05 (5 sigma)
    expect weight == 30 or weight == 31
    expect abs((mean of (mean of weight over synapses) over neurons) - 30.5) < 0.05
}

test whole_steps_are_exact for homeostasis_proportional {
    view 1 rows, 3 columns
    set nu_target = 20, gain = 0.25
    given weight = 30, rate = [20, 0, 60]
    run 1 updates
    expect weight == [30, 35, 20]
}
