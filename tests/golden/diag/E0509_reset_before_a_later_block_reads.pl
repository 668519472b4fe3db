rule grow {
    every 1 ms
    synapses { if causal > 9 { weight += 1; reset causal } }
}

rule both {
    use grow
    every 2 ms
    synapses { weight += 0.1 * causal; reset causal }
}
