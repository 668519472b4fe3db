//! Pong, played and learned by one chip alone.
//!
//! Reward-modulated STDP, `dw = beta (R - Rbar_k) e`: the rule is the whole experiment. It moves
//! ball and paddle, shows the ball to the network, reads its answer, rewards it and learns. Row `k`
//! stands for a ball in column `k` of the field, neuron `j` for a paddle that makes for column
//! `j`. All rows get the same events after each update; only synapses of the ball's row answer to
//! their address. The reward falls with the distance between ball and answer, and every column of
//! the ball has an expected reward of its own.
//!
//! Source: Wunderlich et al., Front. Neurosci. 13:260 (2019), equations 5 to 9 and the parameters
//! of electronicvisions/model-sw-pong. Approximate: the ball is a point, a trial
//! takes 800 us, of which an update needs 270 us at most by its cycle model, and a new game starts
//! in the middle.

/// Columns of the field: rows and columns of the view.
const columns = 32
/// What the ball moves in a step, in widths of the field.
const ball_step = 0.025
/// What the paddle moves in a step.
const paddle_step = 0.05
/// Half of the paddle's length and the ball's radius.
const reach = 0.055

rule pong {
    /// Learning rate.
    param beta : real in 0.0 .. 8.0 = 0.125
    /// How fast the expected reward follows.
    param gamma : real in 0.0 .. 1.0 = 0.5
    /// Part of the reward that a column of distance costs.
    param slope : real in 0.0 .. 1.0 = 0.3

    view rows <= 32

    // The game: ball, its direction, paddle.
    state x  : real in 0.0 .. 1.0 per rule = 0.5
    state y  : real in 0.0 .. 1.0 per rule = 0.5
    state vx : real in -1.0 .. 1.0 per rule = -0.7
    state vy : real in -1.0 .. 1.0 per rule = 0.3
    state paddle : real in 0.0 .. 1.0 per rule = 0.5
    state hits   : int in 0 .. 1000000 per rule = 0
    state misses : int in 0 .. 1000000 per rule = 0
    /// Column of the ball.
    state ball : int in 0 .. 31 per rule = 16

    // Reward, its expectation and the last one for each column of the ball.
    state surprise : real in -1.0 .. 1.0 per rule = 0
    state winner   : int in 0 .. 31 per rule = 0
    state score    : real in 0.0 .. 256.0 per neuron = 0
    state expected[32] : real in 0.0 .. 1.0 per rule = 0
    state last[32]     : real in 0.0 .. 1.0 per rule = 0
    state visited[32]  : bool per rule = false

    // What is reported.
    state reward_expected : real in 0.0 .. 1.0 per rule = 0
    state performance     : real in 0.0 .. 1.0 per rule = 0

    start {
        synapses {
            // Normal with a standard deviation of 2, nearly: three draws.
            weight = 14 + uniform(-2.0 .. 2.0) + uniform(-2.0 .. 2.0) + uniform(-2.0 .. 2.0)
            address = 0
            if row == ball { address = 1 }
        }
    }

    every 800 us

    // The answer: the most active neuron, of several any.
    neurons {
        score = rate + uniform(0.0 .. 1.0)
        reset rate
    }
    control {
        winner = argmax of score over neurons
        let distance = abs(winner - ball)
        let reward = 0.0
        if distance <= 3 { reward = max(1 - slope * distance, 0) }
        if not visited[ball] { expected[ball] = reward }
        surprise = reward - expected[ball]
        expected[ball] += gamma * surprise
        last[ball] = reward
        visited[ball] = true

        let sum = 0.0
        let rewarded = 0
        for k in 0 .. columns {
            sum += expected[k]
            if last[k] > 0 { rewarded += 1 }
        }
        reward_expected = sum / columns
        performance = rewarded / columns
    }
    synapses {
        // Other rows heard nothing: what their sensors show is their offset.
        // The limit keeps the sum in few bits before the point, so many after it.
        if row == ball { weight += surprise * clamp(beta * causal, 0, 63) }
        reset causal, acausal
    }

    // The next move.
    control {
        paddle += clamp((winner + 0.5) / columns - paddle, -paddle_step, paddle_step)
        x += ball_step * vx
        y += ball_step * vy
        if y >= 1 { vy = -abs(vy) }
        if y <= 0 { vy = abs(vy) }
        if x >= 1 { vx = -abs(vx) }
        if x <= 0 {
            if abs(paddle - y) <= reach {
                vx = abs(vx)
                hits += 1
            } else {
                misses += 1
                x = 0.5
                y = 0.5
                // Towards any of the four corners.
                let speed = uniform(0.5 .. 1.0)
                vx = speed * (2 * randint(0, 2) - 1)
                vy = (1 - speed) * (2 * randint(0, 2) - 1)
            }
        }
        ball = clamp(columns * y - 0.5, 0, 31)
    }

    // The ball's row hears the input, others do not.
    synapses {
        address = 0
        if row == ball { address = 1 }
    }

    // With the game, which `--live` draws.
    record reward_expected, performance, hits, misses, x, y, paddle every 4 updates
}
