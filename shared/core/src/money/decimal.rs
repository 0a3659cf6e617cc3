//! Reading a decimal number digit by digit, without a float.

/// The longest result, in digits: above every amount and price that its readers allow, and within `u128`.
const MAX_DIGITS: i64 = 30;

/// A decimal number times ten to the number of places asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    /// Whether the number has a minus sign. Zero may have one.
    pub(super) negative: bool,
    /// The magnitude, cut off toward zero.
    pub(super) units: u128,
    /// Whether anything other than zeros was cut off.
    pub(super) cut: bool,
}

/// Why a text has no [`Decimal`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InvalidDecimal {
    NotANumber,
    TooLarge,
}

impl Decimal {
    /// Reads `text`, which must be a JSON number (exponent included), as that number times 10 to the `places`.
    pub(super) fn parse(text: &str, places: i64) -> Result<Self, InvalidDecimal> {
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            None => (mantissa, ""),
            Some(_) => return Err(InvalidDecimal::NotANumber),
        };
        if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return Err(InvalidDecimal::NotANumber);
        }

        let digits = whole.bytes().chain(fraction.bytes()).map(|digit| u128::from(digit - b'0'));
        let mut significant = digits.clone().skip_while(|digit| *digit == 0).peekable();
        if significant.peek().is_none() {
            return Ok(Self { negative, units: 0, cut: false });
        }
        let leading_zeros = digits.take_while(|digit| *digit == 0).count();
        // How many significant digits stand before the point once it has moved `places` to the right.
        let kept = length(whole).saturating_add(exponent).saturating_add(places) - count(leading_zeros);
        if kept > MAX_DIGITS {
            return Err(InvalidDecimal::TooLarge);
        }
        let mut units = 0;
        for _ in 0..kept {
            units = units * 10 + significant.next().unwrap_or(0);
        }
        Ok(Self { negative, units, cut: significant.any(|digit| digit != 0) })
    }
}

/// An exponent beyond `i64` is as good as infinite: it saturates.
fn parse_exponent(text: &str) -> Result<i64, InvalidDecimal> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if !is_digits(digits) {
        return Err(InvalidDecimal::NotANumber);
    }
    // Half the range, so that adding the length of the text cannot overflow.
    let magnitude = digits.parse::<i64>().unwrap_or(i64::MAX).min(i64::MAX / 2);
    Ok(if negative { -magnitude } else { magnitude })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn length(text: &str) -> i64 {
    count(text.len())
}

fn count(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 4)
}
