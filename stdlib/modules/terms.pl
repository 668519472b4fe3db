//! Terms that rules are made of. They are inlined, so each has the format that its place asks for.

/// Additive pair term of spike-timing-dependent plasticity.
/// S. Song, K. D. Miller, L. F. Abbott, Nature Neuroscience 3, 919 (2000).
fn pair(causal, acausal, gain_plus, gain_minus) = gain_plus * causal - gain_minus * acausal

/// Pair term whose potentiation fades towards the largest weight, and depression towards 0.
/// M. C. W. van Rossum, G. Q. Bi, G. G. Turrigiano, J. Neurosci. 20, 8812 (2000), with soft bounds on both sides.
fn soft_pair(causal, acausal, weight, gain) = gain * causal * (63 - weight) - gain * acausal * weight

/// Homeostasis in proportion to the rate error.
fn homeostasis(rate, target, gain) = gain * (target - rate)

/// Synaptic scaling: homeostasis that changes all weights of a neuron by the same factor.
/// G. G. Turrigiano et al., Nature 391, 892 (1998).
fn scaling(weight, activity, target, gain) = gain * (target - activity) * weight

/// Part of a value that is lost in an update.
fn decay(value, part) = 0 - part * value

/// One step of an exponential mean towards a new value: of a baseline of reward, or a slow rate.
fn towards(mean, value, part) = part * (value - mean)

/// Reward above what was expected.
fn surprise(reward, expected) = reward - expected

/// The next value of an eligibility trace, of which `kept` is left after an update.
/// E. M. Izhikevich, Cereb. Cortex 17, 2443 (2007).
fn eligibility(trace, correlation, kept) = kept * trace + correlation

/// Rewiring: the weight below which a synapse is given up, at random up to `range` above `least`. One draw.
/// S. Billaudelle, B. Cramer, M. A. Petrovici et al., arXiv:1912.12047.
fn pruning_threshold(least, range) = least + uniform(0 .. range)

/// Rewiring: a random one of the addresses that a row has events of. One draw.
fn new_address(choices) = randint(0, choices)
