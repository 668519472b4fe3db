rule dense {
    view rows <= 64
    state m : int in 0 .. 255 per neuron = 0
    every 400 us phase 220 us { synapses { weight += 0.1 * causal; reset causal } }
    every 10 ms { neurons { m = rate; reset rate } }
}

rule fits {
    view rows <= 100
    state turns : int in 0 .. 255 per rule = 0
    every 400 us { synapses { weight += 0.1 * causal; reset causal } }
    every 10 ms phase 100 us { control { turns += 1 } }
}
