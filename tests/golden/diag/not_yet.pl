import "pairs"
rule later {
    state trace : real in 0.0 .. 1.0 per synapse = 0
    every 1 ms
    state mean : real in 0.0 .. 255.0 per rule = 0
    control { mean = mean of rate over neurons }
    synapses { weight += trace }
}
