//! What an update asks of one field.

use shared::api::ApiError;

/// Absent keeps, `null` clears, anything else sets: zero, `false`, `[]` and `{}` are values like any other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    /// What `current` becomes.
    pub fn apply_to(self, current: Option<T>) -> Option<T> {
        match self {
            Self::Keep => current,
            Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }

    /// What a new thing has.
    pub fn value(self) -> Option<T> {
        self.apply_to(None)
    }

    /// Whether it sets more than a bound that there is, or sets free what is bound.
    pub fn is_beyond(&self, bound: &Self) -> bool
    where
        T: PartialOrd,
    {
        match (self, bound) {
            (Self::Set(value), Self::Set(bound)) => value > bound,
            (Self::Clear, Self::Set(_)) => true,
            (Self::Keep, _) | (_, Self::Keep | Self::Clear) => false,
        }
    }

    /// The same with a value that passed `check`.
    pub fn try_map<U>(self, check: impl FnOnce(T) -> Result<U, ApiError>) -> Result<Patch<U>, ApiError> {
        Ok(match self {
            Self::Keep => Patch::Keep,
            Self::Clear => Patch::Clear,
            Self::Set(value) => Patch::Set(check(value)?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_a_value() {
        for (patch, want) in [(Patch::Keep, Some(7)), (Patch::Clear, None), (Patch::Set(0), Some(0))] {
            assert_eq!(patch.apply_to(Some(7)), want);
        }
    }
}
