import std.terms { decay, surprize }
import std.term
const decay = 3
rule imports {
    every 8 ms
    synapses { weight += homeostasis(weight, 20, 0.01) }
}
