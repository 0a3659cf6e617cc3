//! Money and token prices: integers, never floats.
//!
//! A price map quotes as little as $0.00875 per million tokens, which is 8 750 picodollars per token. Counted in
//! picodollars every price, every charge and every sum is a whole number, so nothing is ever rounded after a price was
//! read, and sums are the same in any order.

mod decimal;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use serde_json::value::RawValue;

use decimal::{Decimal, InvalidDecimal};

/// Picodollars in one US dollar.
const PICO_PER_USD: i128 = 1_000_000_000_000;

/// The largest amount that is read, in dollars: far above any budget, and far below where sums of amounts saturate.
const MAX_USD: i128 = 1_000_000_000_000;

/// The steps of [`Money`]'s `Display`: a millionth of a dollar, in picodollars.
const PICO_PER_MICRO: u128 = 1_000_000;

/// An amount of US dollars, counted in picodollars (10⁻¹² dollars). It may be negative: a correction, an overdraft.
///
/// Arithmetic saturates: an absurd amount costs too much, it never wraps round to nothing.
///
/// As JSON it is a number of dollars with all its digits, `0.0012` or `50.0`, and it is read back digit by digit
/// without passing through a float. That needs `serde_json`, and it does not work inside `#[serde(flatten)]` or untagged
/// enums, which buffer numbers as floats: serde refuses such a field rather than round it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i128);

/// What one token costs: whole picodollars, which is the same as US dollars per million tokens with six decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rate(u64);

/// Why a text is not an amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMoney {
    /// Not a JSON number: a string, `NaN`, a sign or a point in the wrong place.
    #[error("an amount is a plain number of US dollars, such as 50 or 0.25, not a string")]
    NotANumber,
    /// Beyond a trillion dollars either way.
    #[error("an amount is at most 1000000000000 US dollars")]
    TooLarge,
}

/// Why a text is not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a price is a decimal number of US dollars per million tokens, zero or more, such as 0.00875")]
pub struct InvalidRate(());

// === impl Money ===

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of whole picodollars.
    #[must_use]
    pub const fn from_pico(pico: i128) -> Self {
        Self(pico)
    }

    /// An amount of whole dollars.
    #[must_use]
    pub const fn from_usd(usd: i64) -> Self {
        // An i64 times 10^12 is below 2^104: it cannot overflow.
        Self(usd as i128 * PICO_PER_USD)
    }

    /// The amount in picodollars, the unit in which amounts are stored.
    #[must_use]
    pub const fn pico(self) -> i128 {
        self.0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Reads a JSON number of dollars. Digits beyond the picodollar are cut off, toward zero.
    ///
    /// # Errors
    /// [`InvalidMoney`] if it is not a JSON number, or beyond a trillion dollars.
    pub fn parse(text: &str) -> Result<Self, InvalidMoney> {
        let magnitude = Decimal::parse(text, 12).map_err(|error| match error {
            InvalidDecimal::NotANumber => InvalidMoney::NotANumber,
            InvalidDecimal::TooLarge => InvalidMoney::TooLarge,
        })?;
        match i128::try_from(magnitude.units) {
            Ok(pico) if pico <= MAX_USD * PICO_PER_USD => {
                Ok(Self(if magnitude.negative { -pico } else { pico }))
            }
            _ => Err(InvalidMoney::TooLarge),
        }
    }

    /// All digits, as JSON writes a number: at least one decimal, no needless zeros.
    fn json(self) -> String {
        let (sign, whole, pico) = self.parts(1);
        let decimals = format!("{pico:012}");
        let decimals = decimals.trim_end_matches('0');
        format!("{sign}{whole}.{}", if decimals.is_empty() { "0" } else { decimals })
    }

    /// Sign, whole dollars, and the rest in picodollars, the magnitude rounded up to a multiple of `step` picodollars.
    fn parts(self, step: u128) -> (&'static str, u128, u128) {
        let dollar = PICO_PER_USD.unsigned_abs();
        let magnitude = self.0.unsigned_abs().div_ceil(step).saturating_mul(step);
        (if self.is_negative() { "-" } else { "" }, magnitude / dollar, magnitude % dollar)
    }
}

/// For messages: `$10.02`, with two to six decimals, the magnitude rounded up so that a cost is never shown as nothing.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, whole, pico) = self.parts(PICO_PER_MICRO);
        let decimals = format!("{:06}", pico / PICO_PER_MICRO);
        let decimals = decimals.trim_end_matches('0');
        write!(f, "{sign}${whole}.{decimals:0<2}")
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A number of dollars.
impl JsonSchema for Money {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Money".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number"})
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.json()).map_err(ser::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = Box::<RawValue>::deserialize(deserializer)?;
        Self::parse(number.get()).map_err(de::Error::custom)
    }
}

// === impl Rate ===

impl Rate {
    /// A price of whole picodollars per token.
    #[must_use]
    pub const fn from_pico_per_token(pico: u64) -> Self {
        Self(pico)
    }

    /// The price of one token in picodollars.
    #[must_use]
    pub const fn pico_per_token(self) -> u64 {
        self.0
    }

    /// Reads US dollars per million tokens, such as `0.00875`. More than six decimals round up: a price is never read
    /// as less than it is.
    ///
    /// # Errors
    /// [`InvalidRate`] if it is not a JSON number, or negative, or more than 2⁶⁴ picodollars per token.
    pub fn parse(text: &str) -> Result<Self, InvalidRate> {
        Self::read(text, 6)
    }

    fn read(text: &str, places: i64) -> Result<Self, InvalidRate> {
        let price = Decimal::parse(text, places).map_err(|_| InvalidRate(()))?;
        if price.negative {
            return Err(InvalidRate(()));
        }
        u64::try_from(price.units + u128::from(price.cut)).map(Self).map_err(|_| InvalidRate(()))
    }

    /// Reads US dollars for one token, such as `3e-06`, as LiteLLM has them; likewise rounded up.
    ///
    /// # Errors
    /// As [`Rate::parse`].
    pub fn parse_per_token(text: &str) -> Result<Self, InvalidRate> {
        Self::read(text, 12)
    }

    /// The price of `tokens` tokens. Exact: a whole number of picodollars times a whole number needs no rounding.
    #[must_use]
    pub fn times(self, tokens: u64) -> Money {
        let exact = u128::from(self.0) * u128::from(tokens);
        Money(i128::try_from(exact).unwrap_or(i128::MAX))
    }

    /// So much of this price, rounded up to a whole picodollar.
    #[must_use]
    pub const fn percent(self, percent: u64) -> Self {
        Self(self.0.saturating_mul(percent).div_ceil(100))
    }

    /// This price `times` over; past `u64` it saturates.
    #[must_use]
    pub const fn multiply(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

/// US dollars per million tokens, as [`Rate::parse`] reads them: `0.00875`, `15`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micro) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micro == 0 {
            return write!(f, "{whole}");
        }
        write!(f, "{whole}.{}", format!("{micro:06}").trim_end_matches('0'))
    }
}
