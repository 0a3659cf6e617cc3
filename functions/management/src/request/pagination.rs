//! One page of a list.

use axum::http::HeaderName;
use shared::api::ApiError;
use shared::store::PageStart;

use crate::request::query::Query;

/// A bare array cannot say how many there are.
pub const TOTAL: HeaderName = HeaderName::from_static("x-stargate-total-count");

/// How deep a page may begin by its number: what is before it is read, if only by its index keys.
pub const MAX_SKIP: usize = 10_000;

/// What a page is followed by begins with the time of its last entry.
fn is_cursor(text: &str) -> bool {
    let (time, id) = text.split_once('#').unwrap_or_default();
    time.len() == 13 && time.bytes().all(|digit| digit.is_ascii_digit()) && (1..=512).contains(&id.len())
}

/// Which page, counted from one, and how many entries it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    pub number: usize,
    pub size: usize,
}

impl Page {
    /// The most entries of one page, as LiteLLM has it.
    pub const MAX_SIZE: usize = 100;

    /// `page`, and the size by the name that the route has for it.
    pub fn read(query: &Query, size: &str, default: usize) -> Result<Self, ApiError> {
        Ok(Self {
            number: query.number("page", 1, 1, 1_000_000)?,
            size: query.number(size, default, 1, Self::MAX_SIZE)?,
        })
    }

    /// Where this page begins in a list of everything: after another page, by its `next_cursor`, or by its number.
    pub fn start(self, cursor: Option<String>) -> Result<PageStart, ApiError> {
        let skip = (self.number - 1) * self.size;
        match cursor {
            Some(cursor) if is_cursor(&cursor) => Ok(PageStart::After(cursor)),
            Some(_) => Err(ApiError::invalid("cursor", "must be the next_cursor of another page")),
            None if skip <= MAX_SKIP => Ok(PageStart::Skip(skip)),
            None => {
                let rule =
                    format!("begins more than {MAX_SKIP} entries deep: go on with cursor, by next_cursor");
                Err(ApiError::invalid("page", rule))
            }
        }
    }

    /// The entries of this page; none past the end.
    pub fn slice<T>(self, all: &[T]) -> &[T] {
        let start = ((self.number - 1) * self.size).min(all.len());
        let end = (start + self.size).min(all.len());
        all.get(start..end).unwrap_or_default()
    }

    /// How many pages `total` entries fill.
    pub fn count(self, total: usize) -> usize {
        total.div_ceil(self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_cover_everything_once() {
        let all = [1, 2, 3, 4, 5];
        for (number, want) in [(1, &all[..2]), (2, &all[2..4]), (3, &all[4..]), (4, &[][..])] {
            assert_eq!(Page { number, size: 2 }.slice(&all), want);
        }
        let page = Page { number: 1, size: 2 };
        assert_eq!((page.count(0), page.count(4), page.count(5)), (0, 2, 3));
    }
}
