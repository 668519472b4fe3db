import "pairs"
rule later {
    state trace : real in 0.0 .. 1.0 per synapse = 0
    every 1 ms
    state most : int in 0 .. 255 per neuron = 0
    neurons { most = argmax of weight over synapses }
    synapses { weight += trace }
}
