fn f(x) = f(x) + 1
rule r {
    every 1 ms
    synapses { weight = f(weight) }
}
