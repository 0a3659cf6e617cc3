//! The formats of Bedrock Runtime.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// `InvokeModel` with a Claude model: Anthropic's Messages.
    Anthropic,
    /// `Converse` with any model.
    Converse,
    /// `InvokeModel` with any other model: its own format.
    Native,
}
