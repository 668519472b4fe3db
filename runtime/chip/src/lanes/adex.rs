//! The loops of AdEx neurons: one sub-step of a block, in two halves, and the delivery of events.

use fearless_simd::dispatch;

use super::{Level, exp2_negative, released};
use crate::adex::AdexBlock;
use crate::neurons::{BLOCK, Gain};

/// Halvings below its value at threshold at which the exponential current is as good as nothing.
const FAINTEST: f32 = 64.0;

/// Membrane after a part of a sub-step of `dv/dt = drive - conductance v`, from `v`, for constant
/// `drive` and `conductance`.
///
/// `x / (1 - e^-x)` is `1 + x/2 + x^2/12`, less `x^4/720`: without an exponential, accurate to
/// 1.4e-7 for x = 0.1 and to 0.1 % for x = 1, and for no x does the membrane overshoot.
#[inline(always)]
fn relaxed(v: f32, drive: f32, conductance: f32, part: f32) -> f32 {
    let x = conductance * part;
    v + part * (drive - conductance * v) / (1.0 + x * (0.5 + x * (1.0 / 12.0)))
}

kernel! {
    /// Adds what the synapses of a row that answer to an event give their neurons at the end of a
    /// sub-step.
    fn deliver_adex(
        addresses: &[[u8; BLOCK]],
        address: u8,
        weights: &[[u8; BLOCK]],
        strength: f32,
        gains: &[Gain],
        arrived: &mut [Gain],
    ) {
        for (((block, gain), addresses), weights) in
            arrived.iter_mut().zip(gains).zip(addresses).zip(weights)
        {
            for i in 0..BLOCK {
                let weight = f32::from(if addresses[i] == address { weights[i] } else { 0 });
                let weight = weight * strength;
                block.potential[i] += weight * gain.potential[i];
                block.current[i] += weight * gain.current[i];
            }
        }
    }
}

kernel! {
    /// One sub-step without spikes: the exponential midpoint method. `arrived` is what events add,
    /// excitatory and inhibitory, if there are `EVENTS`.
    fn advance_adex<const EVENTS: bool>(neurons: &mut [AdexBlock], arrived: [&[Gain]; 2]) {
        for ((block, exc_arrived), inh_arrived) in neurons.iter_mut().zip(arrived[0]).zip(arrived[1])
        {
            for i in 0..BLOCK {
                let (v, w, hold) = (block.potential[i], block.adaptation[i], block.hold[i]);
                let (exc, inh, rate) = (&mut block.exc, &mut block.inh, block.rate[i]);
                let (ceiling, sharpness) = (block.ceiling[i], block.sharpness[i]);
                let grown = |v: f32| {
                    let faint = ((ceiling - v) * sharpness).clamp(0.0, FAINTEST);
                    block.exponential[i] * exp2_negative(faint)
                };
                // Half a sub-step with the currents of its start ...
                let (e, n) = (exc.current[i], inh.current[i]);
                let conductance = rate + exc.slope[i] * e + inh.slope[i] * n;
                let drive = grown(v) - rate * w + exc.level[i] * e + inh.level[i] * n;
                let middle = relaxed(v, drive, conductance, 0.5);
                let middle = released(middle, block.reset[i], 2.0 * hold).min(block.top[i]);
                let pull = block.coupling[i] * v + block.shift[i];
                let w_middle = w + (pull - w) * block.half_relaxation[i];
                // ... then the whole of it with those of its middle.
                let (e, n) = (e * exc.half_decay[i], n * inh.half_decay[i]);
                let conductance = rate + exc.slope[i] * e + inh.slope[i] * n;
                let drive = grown(middle) - rate * w_middle + exc.level[i] * e + inh.level[i] * n;
                let free = relaxed(v, drive, conductance, 1.0);
                let pull = block.coupling[i] * middle + block.shift[i];
                block.adaptation[i] = w + (pull - w) * block.relaxation[i];
                exc.current[i] *= exc.decay[i];
                inh.current[i] *= inh.decay[i];
                let mut free = free;
                if EVENTS {
                    // Those within the sub-step, scaled by the driving force at its end.
                    let (e, n) = (exc_arrived.potential[i], inh_arrived.potential[i]);
                    let slope = exc.slope[i] * e + inh.slope[i] * n;
                    let level = exc.level[i] * e + inh.level[i] * n;
                    free += (level - slope * free) / (1.0 + slope);
                    exc.current[i] += exc_arrived.current[i];
                    inh.current[i] += inh_arrived.current[i];
                }
                block.before[i] = v;
                block.potential[i] = released(free, block.reset[i], hold);
            }
        }
    }
}

kernel! {
    /// Resets neurons that rose through threshold in sub-step `number` of `count`, and lets the
    /// refractory times run; bit `i` of the result says whether any of block `i` fired.
    fn fire_adex(neurons: &mut [AdexBlock], number: f32, count: f32) -> u32 {
        let mut fired = 0;
        for (index, block) in neurons.iter_mut().enumerate() {
            let mut any = 0;
            for i in 0..BLOCK {
                let (start, end) = (block.before[i], block.potential[i]);
                let threshold = block.threshold[i];
                let risen = (start < threshold) & (end >= threshold);
                let fraction = (threshold - start) / (end - start);
                // The rest of a step after a spike is spent at reset: a neuron fires once a step.
                let rest_of_step = count - 1.0 - number;
                let hold = (block.refractory[i] - (1.0 - fraction)).max(rest_of_step);
                block.hold[i] = if risen { hold } else { (block.hold[i] - 1.0).max(0.0) };
                block.potential[i] = if risen { block.reset[i] } else { end };
                block.adaptation[i] += if risen { block.jump[i] } else { 0.0 };
                block.fired[i] = if risen { number + fraction } else { block.fired[i] };
                any |= u32::from(risen);
            }
            fired |= any << index;
        }
        fired
    }
}
