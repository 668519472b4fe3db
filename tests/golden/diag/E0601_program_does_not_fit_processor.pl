rule huge {
    state x0[256] : real in 0.0 .. 1.0 per rule = 0
    state x1[256] : real in 0.0 .. 1.0 per rule = 0
    state x2[256] : real in 0.0 .. 1.0 per rule = 0
    state x3[256] : real in 0.0 .. 1.0 per rule = 0
    state x4[256] : real in 0.0 .. 1.0 per rule = 0
    state x5[256] : real in 0.0 .. 1.0 per rule = 0
    state x6[256] : real in 0.0 .. 1.0 per rule = 0
    state x7[256] : real in 0.0 .. 1.0 per rule = 0
    state x8[256] : real in 0.0 .. 1.0 per rule = 0
    state x9[256] : real in 0.0 .. 1.0 per rule = 0
    state x10[256] : real in 0.0 .. 1.0 per rule = 0
    state x11[256] : real in 0.0 .. 1.0 per rule = 0
    state x12[256] : real in 0.0 .. 1.0 per rule = 0
    every 100 ms
    synapses { weight += x0[0] + x12[0] }
}
