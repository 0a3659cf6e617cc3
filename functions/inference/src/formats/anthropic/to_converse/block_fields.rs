//! The fields of a content block.

use serde::Deserialize;
use serde_json::value::RawValue;

/// The fields of a block, of whichever type. Each is read once it is known to matter, so that it can be named.
#[derive(Deserialize)]
pub struct BlockFields<'a> {
    #[serde(rename = "type", borrow)]
    pub kind: Option<&'a RawValue>,
    #[serde(borrow)]
    pub text: Option<&'a RawValue>,
    #[serde(borrow)]
    pub source: Option<&'a RawValue>,
    #[serde(borrow)]
    pub title: Option<&'a RawValue>,
    #[serde(borrow)]
    pub context: Option<&'a RawValue>,
    #[serde(borrow)]
    pub id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub input: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tool_use_id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub tool_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub content: Option<&'a RawValue>,
    #[serde(borrow)]
    pub is_error: Option<&'a RawValue>,
    #[serde(borrow)]
    pub cache_control: Option<&'a RawValue>,
}
