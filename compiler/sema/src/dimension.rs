//! What numbers measure: times in microseconds, frequencies in megahertz, their products, or
//! nothing.

use pl_diag::{Code, Diagnostic, Span};
use pl_syntax::ast::{Unit, UnitKind};

/// Biological time runs this much slower than that of the hardware.
const SPEED_UP: f64 = 1000.0;

/// The power of time that a number has: 1 for a time in us, -1 for a frequency in MHz, 0 for a
/// number without a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Dimension(i8);

impl Dimension {
    /// No unit.
    pub const NUMBER: Dimension = Dimension(0);
    /// A time, in microseconds of the hardware.
    pub const TIME: Dimension = Dimension(1);
    /// A frequency, in megahertz of the hardware.
    pub const FREQUENCY: Dimension = Dimension(-1);

    /// That of a product.
    #[must_use]
    pub const fn times(self, other: Dimension) -> Dimension {
        Dimension(self.0.saturating_add(other.0))
    }

    /// That of a quotient.
    #[must_use]
    pub const fn over(self, other: Dimension) -> Dimension {
        Dimension(self.0.saturating_sub(other.0))
    }

    /// That of a square root, if there is one.
    #[must_use]
    pub const fn root(self) -> Option<Dimension> {
        if self.0 % 2 == 0 { Some(Dimension(self.0 / 2)) } else { None }
    }

    /// The user's words.
    #[must_use]
    pub fn name(self) -> String {
        match self.0 {
            0 => "a number without a unit".to_owned(),
            1 => "a time".to_owned(),
            -1 => "a frequency".to_owned(),
            power => format!("a time to the power {power}"),
        }
    }

    /// The unit in which such numbers are kept; empty without one.
    #[must_use]
    pub fn unit(self) -> String {
        match self.0 {
            0 => String::new(),
            1 => "us".to_owned(),
            -1 => "MHz".to_owned(),
            power => format!("us^{power}"),
        }
    }

    /// The diagnostic for something that has another dimension than it needs.
    pub(crate) fn mismatch(self, wanted: Dimension, span: Span) -> Diagnostic {
        let message = format!("{} is needed here", wanted.name());
        let help = match wanted {
            Dimension::NUMBER => "divide by a value of the same unit, as in `t / 1 us`",
            Dimension::TIME => "write a unit, as in `400 us` or `5 ms bio`",
            Dimension::FREQUENCY => "write a unit, as in `5 kHz` or `20 Hz bio`",
            Dimension(_) => "check the units of its factors",
        };
        Diagnostic::error(Code::E0304, span, message)
            .label(span, format!("this is {}", self.name()))
            .help(help)
    }
}

/// What a unit measures.
pub(crate) const fn dimension(unit: Unit) -> Dimension {
    if unit.kind.is_time() { Dimension::TIME } else { Dimension::FREQUENCY }
}

/// How many microseconds or megahertz of the hardware one of a unit is.
pub(crate) fn scale(unit: Unit) -> f64 {
    let hardware = match unit.kind {
        UnitKind::Nanosecond => 1e-3,
        UnitKind::Microsecond | UnitKind::Megahertz => 1.0,
        UnitKind::Millisecond => 1e3,
        UnitKind::Second => 1e6,
        UnitKind::Hertz => 1e-6,
        UnitKind::Kilohertz => 1e-3,
    };
    match (unit.bio, unit.kind.is_time()) {
        (false, _) => hardware,
        (true, true) => hardware / SPEED_UP,
        (true, false) => hardware * SPEED_UP,
    }
}

/// A number of microseconds or megahertz in a unit of `scale` of these, to the 15 digits that
/// everything written by people has: the quotient alone may differ in the last bit.
pub(crate) fn in_unit(value: f64, scale: f64) -> f64 {
    let exact = value / scale;
    format!("{exact:.14e}").parse().unwrap_or(exact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_as_written() {
        for scale in [1e-6, 1e-3, 1.0, 1e3, 1e6] {
            for n in (1..100_000).map(|n| f64::from(n) / 10.0) {
                assert_eq!(in_unit(n * scale, scale).to_bits(), n.to_bits(), "{n} of {scale}");
            }
        }
    }

    #[test]
    fn products_and_roots() {
        let one = Dimension::TIME.times(Dimension::FREQUENCY);
        assert_eq!(one, Dimension::NUMBER);
        assert_eq!(Dimension::NUMBER.over(Dimension::TIME), Dimension::FREQUENCY);
        assert_eq!(Dimension::TIME.times(Dimension::TIME).root(), Some(Dimension::TIME));
        assert_eq!(Dimension::TIME.root(), None);
    }
}
