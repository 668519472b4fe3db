import "pairs"
rule later {
    state trace : real in 0.0 .. 1.0 per synapse = 0
    every 1 ms
    control { let n = argmax of rate over neurons }
    synapses { weight += trace }
}
