const rate = 5
fn max(a, b) = 0 * a + b

rule r {
    rounding floor
    rounding nearest
    view rows <= 8
    view rows <= 9
    every 1 ms
    synapses {
        let weight = weight + 0.1 * causal
        for column in 0 .. 2 { address = column }
    }
    control { foo(3); for i in 3 .. 0 { foo(1) } weight = 3 }
}
