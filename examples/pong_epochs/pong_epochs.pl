//! Reward-modulated STDP on a hundred places of a ball, all of them once an epoch.
//! After the PyNN demo ts_07 of the Electronic Vision(s) group (J. Weis, 2023):
//! `w += eta (R_k - Rbar_k) c+`, `R_k = 1/100 sum_j r(|j - k|) n_j`, and at the end of an epoch
//! `w += (N_target - N_j) / N_target` for all synapses of neuron j, rounded towards 0.
//! Approximate: normal noise weights are sums of three uniform draws, changes by reward are rounded to nearest, and of
//! a neuron's spikes at most 31 count for the reward (`counted`; in the demo all do).
//! At most 101 rows, one for each place and one of noise, and 100 columns.

/// Places of the ball, rows and columns.
const places = 100
/// The row of noise.
const noise_row = 100
/// Mean of the noise weights, in standard deviations: below 0, so that weights are sparse.
const noise_mean = -0.14

rule pong_epochs {
    /// Learning rate, weight LSB per unit of reward and correlation LSB.
    param eta   : real in 0.0 .. 0.0625 = 0.0055
    /// Part by which the expected reward follows the reward.
    param gamma : real in 0.0 .. 1.0 = 0.5
    /// Epochs in which this part falls to gamma from 1 and nothing is learnt.
    param initial_epochs : int in 1 .. 100 = 10
    /// Spikes of a neuron in an epoch at which homeostasis does nothing.
    param target : int in 1 .. 4000 = 300
    /// Spikes of a neuron that count for the reward, at most: a few that burst do not decide it.
    param counted : int in 1 .. 255 = 31
    /// Standard deviation of noise weights in the first epoch, weight LSB.
    param noise_first  : real in 0.0 .. 31.0 = 15
    /// The same after `noise_epochs`.
    param noise_last   : real in 0.0 .. 31.0 = 4
    /// Epochs in which it falls from the first to the last value.
    param noise_epochs : int in 1 .. 4000 = 500

    view rows <= 101
    view columns <= 100

    /// Place of the ball.
    state ball  : int in 0 .. 99 per rule = 0
    state epoch : int in 0 .. 32000 per rule = 0
    /// Expected reward of each place, and the part by which it follows the reward.
    state expected[100] : real in -300.0 .. 1100.0 per rule = 0
    state follow        : real in 0.0 .. 1.0 per rule = 1
    /// Standard deviation of noise weights.
    state deviation : real in 0.0 .. 31.0 per rule = 0
    state surprise  : real in -48.0 .. 48.0 per rule = 0
    /// Whether this is the last place of an epoch.
    state last : bool per rule = false
    /// Hits in this epoch; part of hits and mean expected reward of the last one.
    state hits : int in 0 .. 100 per rule = 0
    state success : real in 0.0 .. 1.0 per rule = 0
    state reward_expected : real in -300.0 .. 1100.0 per rule = 0

    /// Spikes times their worth.
    state score  : int in -255 .. 1020 per neuron = 0
    /// Spikes of this epoch.
    state spikes : int in 0 .. 32000 per neuron = 0

    start {
        control { deviation = noise_first }
        synapses { weight = 1 }
    }

    every 4088 us

    // Spikes near the ball are worth something, others less than nothing.
    neurons {
        let distance = abs(column - ball)
        let count = min(rate, counted)
        score = -count
        if distance <= 6 { score = 0 }
        if distance <= 5 { score = count }
        if distance <= 3 { score = 2 * count }
        if distance <= 1 { score = 3 * count }
        if distance == 0 { score = 4 * count }
        spikes += rate
        reset rate, membrane
    }
    control {
        let reward = (sum of score over neurons) / 100
        let error = reward - expected[ball]
        expected[ball] += follow * error
        surprise = error
        if epoch < initial_epochs { surprise = 0 }
        if abs((argmax of rate over neurons) - ball) <= 6 { hits += 1 }
        last = ball == places - 1
    }

    synapses {
        let noise = uniform(-1.0 .. 1.0) + uniform(-1.0 .. 1.0) + uniform(-1.0 .. 1.0) + noise_mean
        if row == noise_row {
            weight = deviation * noise
        } else {
            weight += clamp(eta * surprise, -0.5, 0.5) * causal
            // Rounded towards 0, as in the demo: 1.5 instead of 1, and then to nearest.
            if last { weight -= clamp((1 / target) * spikes - 1.5, 0, 8) }
            if last and spikes == 0 { weight += 1 }
        }
        reset causal, acausal
    }

    // The next place, or the next epoch.
    neurons { if last { spikes = 0 } }
    control {
        ball += 1
        if last {
            ball = 0
            success = hits / places
            hits = 0
            let sum = 0.0
            for k in 0 .. places { sum += expected[k] }
            reward_expected = sum / places
            if epoch < initial_epochs { follow -= (1 - gamma) / initial_epochs }
            deviation -= (noise_first - noise_last) / noise_epochs
            epoch += 1
        }
    }

    record success, reward_expected every 100 updates
}
