//! Rules that use what the library's do not.

/// State of synapses and neurons, and multiplication by it, rounded by the chip's generators.
const STATEFUL: &str = "
rule eligibility {
    param decay : real in 0.0 .. 1.0 = 0.9
    param gain  : real in -1.0 .. 1.0 = 0.02
    state trace : real in 0.0 .. 100.0 per synapse = 0
    state mean  : real in 0.0 .. 255.0 per neuron = 10
    view rows <= 16
    rounding stochastic
    rng hardware
    every 10 ms
    neurons {
        mean += 0.25 * (rate - mean)
        reset rate
    }
    synapses {
        trace = decay * trace + causal
        weight += gain * trace * (20 - mean)
        reset causal
    }
    record trace, mean, weight every 2 updates
}
";

/// Reductions over synapses, of what a neuron knows too, and their results used by synapses.
const REDUCING: &str = "
fn spread(x) = abs(x - 20)
rule reducing {
    param total : int in 0 .. 2000 = 300
    state sum_w  : int in 0 .. 16128 per neuron = 0
    state strong : int in 0 .. 256 per neuron = 0
    state least  : real in -2.0 .. 70.0 per neuron = 0
    state apart  : real in 0.0 .. 20000.0 per neuron = 0
    state seen   : int in -2000 .. 2000 per neuron = 0
    state usual  : real in -70.0 .. 70.0 per neuron = 0
    state best   : int in 0 .. 255 per neuron = 0
    every 20 ms
    neurons {
        let r = rate
        sum_w  = sum of weight over synapses
        strong = count of weight > r and row < 200 over synapses
        least  = min of 0.5 * weight + 0.25 over synapses
        apart  = sum of spread(weight) * r over synapses
        seen   = max of causal - acausal over synapses
        usual  = mean of weight - 0.3 * r over synapses
        best   = argmax of weight over synapses
    }
    synapses { weight += 0.002 * (total - sum_w) + 0.1 * (strong - 4) + 0.001 * seen - 0.1 * least + 0.1 * usual }
    record sum_w, strong, least, apart, seen, usual, best every 2 updates
}
";

/// Blocks with times of their own: the step that they share is 5 ms.
const SCHEDULED: &str = "
rule scheduled {
    state seen : int in 0 .. 1000 per neuron = 0
    every 15 ms phase 5 ms { neurons { seen = 2 * seen + rate; reset rate } }
    every 20 ms phase 10 ms { synapses { weight += seen - 3; reset causal } }
    at 20 ms { synapses { weight = 17 - weight } }
    every 10 ms phase 15 ms
    neurons { seen += 1 }
    record seen every 2 updates
}
";

/// Resets in several blocks and in some lanes only: they add up, and none takes another back.
const RESETTING: &str = "
rule resetting {
    state quiet : bool per neuron = false
    every 10 ms
    synapses {
        if weight > 20 { weight -= 0.25 * causal; reset causal }
        if column < 128 { reset acausal }
    }
    neurons { quiet = rate < 5; if quiet { reset rate } }
    synapses { if quiet { weight += 1; reset causal, acausal } }
    neurons { if column > 200 { reset rate }; if membrane > 90 { reset membrane } }
    record weight, quiet every 2 updates
}
";

/// State of the rule, from inputs and from all neurons.
const CONTROLLED: &str = "
rule controlled {
    rounding stochastic
    input reward : real in -1.0 .. 1.0 per rule = 0.5
    state expected : real in -1.0 .. 1.0 per rule = 0
    state busy     : int in 0 .. 256 per rule = 0
    state activity : real in 0.0 .. 32767.0 per rule = 0
    state surprise : real in -2.0 .. 2.0 per rule = 0
    state range    : int in 0 .. 255 per rule = 0
    state usual    : real in -60.0 .. 260.0 per rule = 0
    state seen     : real in 0.0 .. 255.0 per neuron = 3
    every 8 ms
    neurons { seen += 0.3 * (rate - seen); reset rate }
    control {
        let error = reward - expected
        surprise = error
        if busy > 20 or not (activity < 100) { expected += 0.2 * error } else { expected -= 0.1 }
        busy = count of seen > 1 and column < 200 over neurons
        activity = sum of seen over neurons
        range = max of rate over neurons
        range -= min of rate over neurons
        usual = mean of rate - seen over neurons
    }
    synapses {
        weight += 4 * surprise + 0.01 * (busy - 30) * expected - 0.05 * range
        reset causal
    }
    record usual, expected, busy, activity, surprise, range every 2 updates
}
";

/// Events to synapses: in every update, and by chance.
pub(crate) const SENDING: &str = "
rule sending {
    state busiest : int in 0 .. 255 per rule = 0
    state drawn   : int in 0 .. 63 per rule = 0
    every 8 ms
    control {
        drawn = randint(0, 64)
        busiest = argmax of rate over neurons
        send(busiest, 3)
        for row in 0 .. 4 { send(64 * row + drawn, row) }
        if drawn > 20 { send(drawn, 5) }
    }
    neurons { reset rate }
    synapses { weight += 0.5 * (causal - acausal); reset causal, acausal }
    record busiest, drawn every 2 updates
}
";

/// Arrays, and loops over their elements.
const ARRAYS: &str = "
rule arrays {
    state history[3] : int in 0 .. 255 per neuron = [1, 2, 3]
    state winner[2]  : int in 0 .. 255 per rule = 0
    input kernel[3]  : real in -1.0 .. 1.0 per rule = [0.5, -0.25, 0.125]
    every 8 ms
    neurons {
        for i in 0 .. 2 { history[2 - i] = history[1 - i] }
        history[0] = rate
        reset rate
    }
    control {
        winner[1] = winner[0]
        winner[0] = argmax of history[0] over neurons
    }
    synapses {
        let sum = 0.0
        for i in 0 .. 3 { sum += kernel[i] * history[i] }
        if column == winner[0] or column == winner[1] { weight += 3 } else { weight += 0.2 * sum }
    }
    record history, winner every 2 updates
}
";

/// Weights of both signs, a state a pair, and correlation of its excitatory row.
pub(crate) const SIGNED: &str = "
rule signed {
    view signed
    view rows <= 8
    state trace : real in -200.0 .. 200.0 per synapse = 0
    state most  : int in -63 .. 63 per neuron = 0
    state mean  : real in -63.0 .. 63.0 per neuron = 0
    every 8 ms
    neurons { most = max of weight over synapses; mean = mean of weight over synapses }
    synapses {
        trace = 0.5 * trace + causal - acausal
        if row < 40 { weight += 0.25 * trace - 0.1 * row_sign } else { weight = -weight - 1 }
        if trace > 8 { address = clamp(weight, 0, 63); reset causal }
        if weight > mean { weight -= 0.1 * (most - rate) }
    }
    record weight, trace, most, mean, address every 2 updates
}
";

/// The rules of the library and those of this file but [`SIGNED`], recording every other update.
pub(crate) fn sources() -> Vec<(&'static str, String)> {
    let record = |source: &str| {
        let line = |line: &str| match line.strip_prefix("    record ") {
            Some(rest) => {
                let names = rest.split(" every ").next().unwrap_or(rest);
                format!("    record {names} every 2 updates\n")
            }
            None => format!("{line}\n"),
        };
        source.lines().map(line).collect()
    };
    let library = pl_stdlib::RULES.iter().map(|rule| (rule.name, rule.source));
    let own = [
        ("stateful", STATEFUL),
        ("reducing", REDUCING),
        ("scheduled", SCHEDULED),
        ("resetting", RESETTING),
        ("controlled", CONTROLLED),
        ("arrays", ARRAYS),
        ("sending", SENDING),
    ];
    library.chain(own).map(|(name, rule)| (name, record(rule))).collect()
}
