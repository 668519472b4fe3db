import std.term { decay }
rule r {
    every 1 ms
    synapses { weight += 1 }
}
