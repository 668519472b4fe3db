//! The structural rule of the library with its default params, written by hand: a scalar loop, and
//! 128-bit intrinsics in two orders of the loops.
//!
//! Formats are those that the compiler chooses (`plc check std:structural --numerics`).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lanes are cut and reinterpreted as the instructions do it"
)]

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_fixed::rng::MULTIPLIER;

/// `theta`, q7.8.
const THETA: i16 = 8 << 8;
/// Width of the random part of the threshold, q7.8.
const THETA_RANGE: i16 = 4 << 8;
/// `lambda_stdp`, q2.13.
const LAMBDA_STDP: i16 = 1 << 11;
/// `nu_target`, q9.6.
const NU_TARGET: i16 = -20 * 64;
/// `lambda_hom`, q1.14.
const LAMBDA_HOM: i16 = 819;
/// Weight of a synapse that starts anew.
const W_INIT: i16 = 18;
/// Both branches of a sensor.
const BOTH: u8 = 3;

/// How the rule is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One synapse after the other.
    Scalar,
    /// 128-bit vectors, row by row; the generators' state goes through memory.
    Rows,
    /// 128-bit vectors, 16 columns at a time; the generators' state stays in registers.
    Columns,
}

impl Form {
    /// Those that run here.
    pub(crate) fn available() -> Vec<Form> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("sse4.1") {
            return vec![Form::Scalar, Form::Rows, Form::Columns];
        }
        vec![Form::Scalar]
    }

    /// Its name in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Scalar => "scalar_loop",
            Form::Rows => "intrinsics_by_row",
            Form::Columns => "intrinsics_by_column",
        }
    }
}

/// One update of a full view, and the generators' state with it.
pub(crate) fn update(
    form: Form,
    x: &mut [u16; COLUMNS],
    carry: &mut [u16; COLUMNS],
    io: &mut UpdateIo<'_>,
) {
    match form {
        Form::Scalar => scalar(x, carry, io),
        Form::Rows | Form::Columns => {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Form::available` names these forms only where the feature is.
            #[allow(unsafe_code, reason = "intrinsics")]
            unsafe {
                vectors::update(form, x, carry, io);
            }
        }
    }
    io.rate_reset.fill(1);
}

fn draw(x: &mut u16, carry: &mut u16) -> u16 {
    let t = u32::from(MULTIPLIER) * u32::from(*x) + u32::from(*carry);
    (*x, *carry) = ((t & 0xffff) as u16, (t >> 16) as u16);
    *x
}

/// Rounded product of fractions.
fn product(a: i16, b: i16) -> i16 {
    ((i32::from(a) * i32::from(b) + 0x4000) >> 15) as i16
}

/// `lambda_hom * (rate + nu_target)` of a neuron, in the format of the weight's change (q10.5).
fn homeostasis(rate: u8) -> i16 {
    product((i16::from(rate) << 6).saturating_add(NU_TARGET), LAMBDA_HOM)
}

fn scalar(x: &mut [u16; COLUMNS], carry: &mut [u16; COLUMNS], io: &mut UpdateIo<'_>) {
    for row in 0..io.rows.len() {
        for column in 0..COLUMNS {
            let at = row * COLUMNS + column;
            let (x, carry) = (&mut x[column], &mut carry[column]);
            let threshold =
                THETA + (((i32::from(draw(x, carry) >> 1) * i32::from(THETA_RANGE)) >> 15) as i16);
            let fresh = draw(x, carry) >> 13;
            let weight = i16::from(io.weights[at]);
            let correlation =
                |baseline: u8, code: u8| (i16::from(baseline) - i16::from(code)).clamp(-128, 127);
            let sum = correlation(io.causal_baseline[column], io.causal_codes[at])
                + correlation(io.acausal_baseline[column], io.acausal_codes[at]);
            if weight << 8 >= threshold {
                let change =
                    product(sum << 7, LAMBDA_STDP).saturating_sub(homeostasis(io.rates[column]));
                let raised = (weight << 5).saturating_add(change).saturating_add(16) >> 5;
                io.weights[at] = raised.clamp(0, 63) as u8;
            } else {
                io.weights[at] = W_INIT as u8;
                io.addresses[at] = fresh as u8;
            }
            io.correlation_reset[at] = BOTH;
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod vectors {
    #![allow(unsafe_code, reason = "loads and stores of intrinsics; bounds stand beside them")]

    use super::*;
    use std::arch::x86_64::*;

    /// Generators of eight columns.
    #[derive(Clone, Copy)]
    struct Generators {
        x: __m128i,
        carry: __m128i,
    }

    impl Generators {
        #[inline]
        #[target_feature(enable = "sse4.1")]
        fn draw(&mut self) -> __m128i {
            let multiplier = _mm_set1_epi16(MULTIPLIER as i16);
            let low = _mm_mullo_epi16(self.x, multiplier);
            let high = _mm_mulhi_epu16(self.x, multiplier);
            let x = _mm_add_epi16(low, self.carry);
            // All ones where the sum did not wrap.
            let whole = _mm_cmpeq_epi16(_mm_max_epu16(x, low), x);
            self.carry = _mm_add_epi16(_mm_add_epi16(high, _mm_set1_epi16(1)), whole);
            self.x = x;
            x
        }
    }

    /// What does not change from row to row, for sixteen columns.
    struct Columns {
        causal_baseline: __m128i,
        acausal_baseline: __m128i,
        homeostasis: [__m128i; 2],
    }

    #[target_feature(enable = "sse4.1")]
    pub(crate) fn update(
        form: Form,
        x: &mut [u16; COLUMNS],
        carry: &mut [u16; COLUMNS],
        io: &mut UpdateIo<'_>,
    ) {
        let rows = io.rows.len();
        assert!(
            [io.weights.len(), io.addresses.len(), io.correlation_reset.len()]
                == [rows * COLUMNS; 3]
        );
        assert!([io.causal_codes.len(), io.acausal_codes.len()] == [rows * COLUMNS; 2]);
        let homeostasis: [i16; COLUMNS] = std::array::from_fn(|c| homeostasis(io.rates[c]));
        if form == Form::Columns {
            for column in (0..COLUMNS).step_by(16) {
                let fixed = columns(io, &homeostasis, column);
                let mut generators = [0, 8].map(|by| load(x, carry, column + by));
                for row in 0..rows {
                    chunk(io, row * COLUMNS + column, &fixed, &mut generators);
                }
                for (generators, by) in generators.iter().zip([0, 8]) {
                    store(x, carry, column + by, generators);
                }
            }
        } else {
            for row in 0..rows {
                for column in (0..COLUMNS).step_by(16) {
                    let fixed = columns(io, &homeostasis, column);
                    let mut generators = [0, 8].map(|by| load(x, carry, column + by));
                    chunk(io, row * COLUMNS + column, &fixed, &mut generators);
                    for (generators, by) in generators.iter().zip([0, 8]) {
                        store(x, carry, column + by, generators);
                    }
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn load(x: &[u16; COLUMNS], carry: &[u16; COLUMNS], column: usize) -> Generators {
        // SAFETY: eight columns from a multiple of eight below 256.
        unsafe {
            Generators {
                x: _mm_loadu_si128(x.as_ptr().add(column).cast()),
                carry: _mm_loadu_si128(carry.as_ptr().add(column).cast()),
            }
        }
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn store(x: &mut [u16; COLUMNS], carry: &mut [u16; COLUMNS], column: usize, from: &Generators) {
        // SAFETY: as for loads.
        unsafe {
            _mm_storeu_si128(x.as_mut_ptr().add(column).cast(), from.x);
            _mm_storeu_si128(carry.as_mut_ptr().add(column).cast(), from.carry);
        }
    }

    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn columns(io: &UpdateIo<'_>, homeostasis: &[i16; COLUMNS], column: usize) -> Columns {
        // SAFETY: sixteen columns from a multiple of sixteen below 256.
        unsafe {
            Columns {
                causal_baseline: _mm_loadu_si128(io.causal_baseline.as_ptr().add(column).cast()),
                acausal_baseline: _mm_loadu_si128(io.acausal_baseline.as_ptr().add(column).cast()),
                homeostasis: [0, 8]
                    .map(|by| _mm_loadu_si128(homeostasis.as_ptr().add(column + by).cast())),
            }
        }
    }

    /// Correlations of eight synapses: the saturating difference of baselines and codes.
    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn correlation(baseline: __m128i, code: __m128i) -> __m128i {
        let difference = _mm_sub_epi16(_mm_cvtepu8_epi16(baseline), _mm_cvtepu8_epi16(code));
        let limited = _mm_min_epi16(difference, _mm_set1_epi16(127));
        _mm_max_epi16(limited, _mm_set1_epi16(-128))
    }

    /// Sixteen synapses from `at` on.
    #[inline]
    #[target_feature(enable = "sse4.1")]
    fn chunk(io: &mut UpdateIo<'_>, at: usize, fixed: &Columns, generators: &mut [Generators; 2]) {
        // SAFETY: the planes hold sixteen bytes from `at` on, as `update` has checked.
        let [weight, address, causal, acausal] = unsafe {
            [
                io.weights.as_ptr().add(at),
                io.addresses.as_ptr().add(at),
                io.causal_codes.as_ptr().add(at),
                io.acausal_codes.as_ptr().add(at),
            ]
            .map(|from| _mm_loadu_si128(from.cast()))
        };
        let high = |bytes| _mm_srli_si128::<8>(bytes);
        let all = [weight, causal, acausal, fixed.causal_baseline, fixed.acausal_baseline];
        let halves = [all, all.map(high)];
        let mut learnt = [weight; 2];
        let mut keeps = [weight; 2];
        let mut fresh = [weight; 2];
        for half in 0..2 {
            let [weight, causal, acausal, causal_baseline, acausal_baseline] = halves[half];
            let generators = &mut generators[half];
            let random = _mm_srli_epi16::<1>(generators.draw());
            let part = _mm_mulhi_epi16(random, _mm_set1_epi16(2 * THETA_RANGE));
            let threshold = _mm_add_epi16(_mm_set1_epi16(THETA), part);
            fresh[half] = _mm_srli_epi16::<13>(generators.draw());
            let weight = _mm_cvtepu8_epi16(weight);
            let below = _mm_cmpgt_epi16(threshold, _mm_slli_epi16::<8>(weight));
            keeps[half] = _mm_xor_si128(below, _mm_set1_epi16(-1));
            let sum = _mm_add_epi16(
                correlation(causal_baseline, causal),
                correlation(acausal_baseline, acausal),
            );
            let change = _mm_mulhrs_epi16(_mm_slli_epi16::<7>(sum), _mm_set1_epi16(LAMBDA_STDP));
            let change = _mm_subs_epi16(change, fixed.homeostasis[half]);
            let raised = _mm_adds_epi16(_mm_slli_epi16::<5>(weight), change);
            learnt[half] = _mm_srai_epi16::<5>(_mm_adds_epi16(raised, _mm_set1_epi16(16)));
        }
        let keeps = _mm_packs_epi16(keeps[0], keeps[1]);
        let learnt = _mm_min_epu8(_mm_packus_epi16(learnt[0], learnt[1]), _mm_set1_epi8(63));
        let weight = _mm_blendv_epi8(_mm_set1_epi8(W_INIT as i8), learnt, keeps);
        let fresh = _mm_packus_epi16(fresh[0], fresh[1]);
        let address = _mm_blendv_epi8(fresh, address, keeps);
        // SAFETY: as above.
        unsafe {
            _mm_storeu_si128(io.weights.as_mut_ptr().add(at).cast(), weight);
            _mm_storeu_si128(io.addresses.as_mut_ptr().add(at).cast(), address);
            let reset = io.correlation_reset.as_mut_ptr().add(at);
            _mm_storeu_si128(reset.cast(), _mm_set1_epi8(BOTH as i8));
        }
    }
}
