//! The structural rule of the library with its default params, written by hand: a scalar loop, and
//! 128-bit intrinsics.
//!
//! Formats are those that the compiler chooses (`plc check std:structural --numerics`). Params come at
//! run time, as they do to the compiled rule. The scalar loop is plain code that the compiler may do
//! with what it likes; it stays scalar, as the sides of its branch store to different planes (its
//! products are `imul` in the disassembly).

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lanes are cut and reinterpreted as the instructions do it"
)]

use pl_driver::ir::io::{COLUMNS, UpdateIo};
use pl_fixed::rng::MULTIPLIER;

/// The params in their formats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Params {
    /// `theta`, q7.8.
    theta: i16,
    /// Width of the random part of the threshold, q7.8.
    theta_range: i16,
    /// `lambda_stdp`, q2.13.
    lambda_stdp: i16,
    /// `nu_target`, q9.6.
    nu_target: i16,
    /// `lambda_hom`, q1.14.
    lambda_hom: i16,
    /// Weight of a synapse that starts anew.
    w_init: u8,
}

/// Those of the library.
pub(crate) const PARAMS: Params = Params {
    theta: 8 << 8,
    theta_range: 4 << 8,
    lambda_stdp: 1 << 11,
    nu_target: -20 * 64,
    lambda_hom: 819,
    w_init: 18,
};
/// Both branches of a sensor.
const BOTH: u8 = 3;

/// How the rule is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One synapse after the other.
    Scalar,
    /// 128-bit vectors, 16 columns of some rows at a time; the generators' state stays in registers.
    Intrinsics,
}

/// Rows of a tile.
const TILE: usize = 32;

impl Form {
    /// Those that run here.
    pub(crate) fn available() -> Vec<Form> {
        #[cfg(target_arch = "x86_64")]
        if std::arch::is_x86_feature_detected!("avx") {
            return vec![Form::Scalar, Form::Intrinsics];
        }
        vec![Form::Scalar]
    }

    /// Its name in the output.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Form::Scalar => "scalar_loop",
            Form::Intrinsics => "intrinsics_128",
        }
    }
}

/// One update of a full view, and the generators' state with it.
pub(crate) fn update(
    form: Form,
    params: &Params,
    x: &mut [u16; COLUMNS],
    carry: &mut [u16; COLUMNS],
    io: &mut UpdateIo<'_>,
) {
    match form {
        Form::Scalar => scalar(params, x, carry, io),
        Form::Intrinsics => {
            #[cfg(target_arch = "x86_64")]
            // SAFETY: `Form::available` names these forms only where the feature is.
            #[allow(unsafe_code, reason = "intrinsics")]
            unsafe {
                vectors::update(params, x, carry, io);
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
fn homeostasis(params: &Params, rate: u8) -> i16 {
    product((i16::from(rate) << 6).saturating_add(params.nu_target), params.lambda_hom)
}

fn scalar(
    params: &Params,
    x: &mut [u16; COLUMNS],
    carry: &mut [u16; COLUMNS],
    io: &mut UpdateIo<'_>,
) {
    let params = *params;
    let homeostasis = io.rates.map(|rate| homeostasis(&params, rate));
    for row in 0..io.rows.len() {
        for column in 0..COLUMNS {
            let at = row * COLUMNS + column;
            let (x, carry) = (&mut x[column], &mut carry[column]);
            let part = i32::from(draw(x, carry) >> 1) * i32::from(params.theta_range);
            let threshold = params.theta.saturating_add((part >> 15) as i16);
            let fresh = draw(x, carry) >> 13;
            let weight = i16::from(io.weights[at]);
            let correlation =
                |baseline: u8, code: u8| (i16::from(baseline) - i16::from(code)).clamp(-128, 127);
            let sum = correlation(io.causal_baseline[column], io.causal_codes[at])
                + correlation(io.acausal_baseline[column], io.acausal_codes[at]);
            if weight << 8 >= threshold {
                let change =
                    product(sum << 7, params.lambda_stdp).saturating_sub(homeostasis[column]);
                let raised = (weight << 5).saturating_add(change).saturating_add(16) >> 5;
                io.weights[at] = raised.clamp(0, 63) as u8;
            } else {
                io.weights[at] = params.w_init;
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

    /// Generators of eight columns, the even and the odd ones: `x` with its upper bit turned over and
    /// the carry, side by side.
    #[derive(Clone, Copy)]
    struct Generators([__m128i; 2]);

    impl Generators {
        #[inline]
        #[target_feature(enable = "avx")]
        fn draw(&mut self) -> __m128i {
            let multiplier = _mm_set1_epi32(1 << 16 | i32::from(MULTIPLIER));
            // `M x + c`, less `M / 2` in the upper half for the bit turned over.
            let sums = self.0.map(|state| _mm_madd_epi16(state, multiplier));
            let turn = _mm_set1_epi32(i32::from(MULTIPLIER / 2) << 16 | 0x8000);
            self.0 = sums.map(|sum| _mm_add_epi16(sum, turn));
            _mm_blend_epi16::<0xaa>(sums[0], _mm_slli_epi32::<16>(sums[1]))
        }

        #[inline]
        #[target_feature(enable = "avx")]
        fn load(x: &[u16; COLUMNS], carry: &[u16; COLUMNS], column: usize) -> Generators {
            // SAFETY: eight columns from a multiple of eight below 256.
            let [x, carry] = unsafe {
                [x, carry].map(|words| _mm_loadu_si128(words.as_ptr().add(column).cast()))
            };
            let x = _mm_xor_si128(x, _mm_set1_epi16(i16::MIN));
            Generators([
                _mm_blend_epi16::<0xaa>(x, _mm_slli_epi32::<16>(carry)),
                _mm_blend_epi16::<0xaa>(_mm_srli_epi32::<16>(x), carry),
            ])
        }

        #[inline]
        #[target_feature(enable = "avx")]
        fn store(self, x: &mut [u16; COLUMNS], carry: &mut [u16; COLUMNS], column: usize) {
            let [even, odd] = self.0;
            let words = _mm_blend_epi16::<0xaa>(even, _mm_slli_epi32::<16>(odd));
            let words = _mm_xor_si128(words, _mm_set1_epi16(i16::MIN));
            let carries = _mm_blend_epi16::<0xaa>(_mm_srli_epi32::<16>(even), odd);
            // SAFETY: as for loads.
            unsafe {
                _mm_storeu_si128(x.as_mut_ptr().add(column).cast(), words);
                _mm_storeu_si128(carry.as_mut_ptr().add(column).cast(), carries);
            }
        }
    }

    /// What does not change from row to row, for sixteen columns.
    struct Fixed {
        theta: __m128i,
        /// Twice the range.
        theta_range: __m128i,
        lambda_stdp: __m128i,
        w_init: __m128i,
        /// With the upper bit turned over.
        causal_baseline: __m128i,
        acausal_baseline: __m128i,
        homeostasis: [__m128i; 2],
    }

    #[target_feature(enable = "avx")]
    pub(crate) fn update(
        params: &Params,
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
        let homeostasis: [i16; COLUMNS] = std::array::from_fn(|c| homeostasis(params, io.rates[c]));
        for first in (0..rows).step_by(TILE) {
            for column in (0..COLUMNS).step_by(16) {
                let fixed = fixed(io, params, &homeostasis, column);
                let mut generators = [0, 8].map(|by| Generators::load(x, carry, column + by));
                for row in first..rows.min(first + TILE) {
                    chunk(io, row * COLUMNS + column, &fixed, &mut generators);
                }
                for (generators, by) in generators.iter().zip([0, 8]) {
                    generators.store(x, carry, column + by);
                }
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx")]
    fn fixed(
        io: &UpdateIo<'_>,
        params: &Params,
        homeostasis: &[i16; COLUMNS],
        column: usize,
    ) -> Fixed {
        let upper = _mm_set1_epi8(i8::MIN);
        // SAFETY: sixteen columns from a multiple of sixteen below 256.
        let [causal, acausal] = unsafe {
            [io.causal_baseline, io.acausal_baseline]
                .map(|bytes| _mm_loadu_si128(bytes.as_ptr().add(column).cast()))
        };
        // SAFETY: as above.
        let homeostasis = unsafe {
            [0, 8].map(|by| _mm_loadu_si128(homeostasis.as_ptr().add(column + by).cast()))
        };
        Fixed {
            theta: _mm_set1_epi16(params.theta),
            theta_range: _mm_set1_epi16(2 * params.theta_range),
            lambda_stdp: _mm_set1_epi16(params.lambda_stdp),
            w_init: _mm_set1_epi8(params.w_init as i8),
            causal_baseline: _mm_xor_si128(causal, upper),
            acausal_baseline: _mm_xor_si128(acausal, upper),
            homeostasis,
        }
    }

    /// Sixteen synapses from `at` on.
    #[inline]
    #[target_feature(enable = "avx")]
    fn chunk(io: &mut UpdateIo<'_>, at: usize, fixed: &Fixed, generators: &mut [Generators; 2]) {
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
        let (zero, upper) = (_mm_setzero_si128(), _mm_set1_epi8(i8::MIN));
        // Differences of unsigned bytes are those of signed ones with the upper bits turned over.
        let causal = _mm_subs_epi8(fixed.causal_baseline, _mm_xor_si128(causal, upper));
        let acausal = _mm_subs_epi8(fixed.acausal_baseline, _mm_xor_si128(acausal, upper));
        let pairs = [_mm_unpacklo_epi8(causal, acausal), _mm_unpackhi_epi8(causal, acausal)];
        let weights = [_mm_unpacklo_epi8(zero, weight), _mm_unpackhi_epi8(zero, weight)];
        let (mut learnt, mut below, mut fresh) = ([zero; 2], [zero; 2], [zero; 2]);
        for half in 0..2 {
            let random = _mm_srli_epi16::<1>(generators[half].draw());
            let part = _mm_mulhi_epi16(random, fixed.theta_range);
            below[half] = _mm_cmpgt_epi16(_mm_adds_epi16(fixed.theta, part), weights[half]);
            fresh[half] = _mm_srli_epi16::<13>(generators[half].draw());
            // The sum of both, times 128.
            let sum = _mm_maddubs_epi16(upper, pairs[half]);
            let change = _mm_mulhrs_epi16(sum, fixed.lambda_stdp);
            let change = _mm_subs_epi16(change, fixed.homeostasis[half]);
            let raised = _mm_adds_epi16(_mm_srli_epi16::<3>(weights[half]), change);
            // To nearest: `(raised + 16) >> 5`.
            learnt[half] = _mm_mulhrs_epi16(raised, _mm_set1_epi16(1 << 10));
        }
        let below = _mm_packs_epi16(below[0], below[1]);
        let learnt = _mm_min_epu8(_mm_packus_epi16(learnt[0], learnt[1]), _mm_set1_epi8(63));
        let weight = _mm_blendv_epi8(learnt, fixed.w_init, below);
        let address = _mm_blendv_epi8(address, _mm_packus_epi16(fresh[0], fresh[1]), below);
        // SAFETY: as above.
        unsafe {
            _mm_storeu_si128(io.weights.as_mut_ptr().add(at).cast(), weight);
            _mm_storeu_si128(io.addresses.as_mut_ptr().add(at).cast(), address);
            let reset = io.correlation_reset.as_mut_ptr().add(at);
            _mm_storeu_si128(reset.cast(), _mm_set1_epi8(BOTH as i8));
        }
    }
}
