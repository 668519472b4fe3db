//! Raw values that derived values, states and inputs may have: what their declarations in the IR say.

use super::number::host_interval;
use super::{DerivedValue, state_format};
use crate::hir::{Rule, State};
use crate::host::{Function, Host, Operator};
use crate::interval::Interval;
use core::ops::RangeInclusive;
use pl_fixed::Format;

/// Raw values of a state or input: stores saturate at its interval, and who sets it from outside
/// keeps to that.
pub(super) fn of_state(state: &State) -> Option<RangeInclusive<i32>> {
    quantised(state.interval, state_format(state))
}

/// Raw values of a derived value, if its params bound them.
pub(super) fn of_derived(value: &DerivedValue, rule: &Rule) -> Option<RangeInclusive<i32>> {
    let bounded = bounded(&value.host, rule);
    bounded.then(|| quantised(host_interval(&value.host, rule), value.format)).flatten()
}

/// Quantising is monotonic: the ends of the interval become those of the range. `None` if that is
/// all of the format.
fn quantised(interval: Interval, format: Format) -> Option<RangeInclusive<i32>> {
    let (low, high) = (format.quantise(interval.low), format.quantise(interval.high));
    ((low, high) != format.limits()).then_some(low..=high)
}

/// Whether the computed value is never beyond the computed interval: sums, products, quotients and
/// square roots are rounded monotonically, which nobody promises of `exp`, `ln` and `pow`.
fn bounded(host: &Host, rule: &Rule) -> bool {
    let Interval { low, high } = host_interval(host, rule);
    low.is_finite()
        && high.is_finite()
        && match host {
            Host::Const(_) | Host::Param(_) => true,
            Host::Unary(Function::Exp | Function::Ln, _) | Host::Binary(Operator::Pow, ..) => false,
            Host::Unary(Function::Neg | Function::Abs | Function::Sign | Function::Sqrt, a) => {
                bounded(a, rule)
            }
            // A quotient of `control` may have the divisor 0.
            Host::Binary(Operator::Div, a, b) => {
                let divisor = host_interval(b, rule);
                (divisor.low > 0.0 || divisor.high < 0.0) && bounded(a, rule) && bounded(b, rule)
            }
            Host::Binary(
                Operator::Add | Operator::Sub | Operator::Mul | Operator::Min | Operator::Max,
                a,
                b,
            ) => bounded(a, rule) && bounded(b, rule),
        }
}
