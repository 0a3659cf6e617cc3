//! The master key of a deployment, with a second secret where one is configured.

use http::HeaderMap;
use stargate_core::policy::Caller;
use stargate_core::secret::Secret;

use super::extract_api_key;
use crate::runtime::secrets_manager::RotatingSecret;

/// Master-key mode: `Authorization: Bearer <master key>`, and `X-Admin-Secret` where one is configured.
#[derive(Clone, Debug)]
pub struct MasterKey {
    master: RotatingSecret,
    second: Option<RotatingSecret>,
}

impl MasterKey {
    pub fn new(master: RotatingSecret, second: Option<RotatingSecret>) -> Self {
        Self { master, second }
    }

    /// The administrator, if both secrets match. Either wrong is the same, in the same time.
    pub async fn admit(&self, headers: &HeaderMap) -> Option<Caller> {
        let nothing = Secret::new("");
        let presented = extract_api_key(headers);
        // Nothing never matches, not even a master key that was set to nothing.
        let is_presented = presented.is_some();
        let master = presented.unwrap_or_else(|| nothing.clone());
        let second = headers.get("x-admin-secret").and_then(|value| value.to_str().ok());
        let second_matches = match &self.second {
            Some(wanted) => wanted.is(&second.map_or(nothing, Secret::new)).await,
            None => true,
        };
        // Not `&&`: both are always compared.
        let is_administrator = self.master.is(&master).await & second_matches & is_presented;
        is_administrator.then(|| Caller::Administrator { actor: "master key".to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[tokio::test]
    async fn both_secrets_must_match() {
        let given = |text: &str| RotatingSecret::from_fixed(Secret::new(text));
        let master = MasterKey::new(given("sk-master"), Some(given("second")));
        let bearer = ("authorization", "Bearer sk-master");
        assert!(master.admit(&headers(&[bearer, ("x-admin-secret", "second")])).await.is_some());
        for wrong in
            [vec![bearer], vec![bearer, ("x-admin-secret", "other")], vec![("x-admin-secret", "second")]]
        {
            assert!(master.admit(&headers(&wrong)).await.is_none(), "{wrong:?}");
        }
        let alone = MasterKey::new(given("sk-master"), None);
        assert!(alone.admit(&headers(&[bearer, ("x-admin-secret", "anything")])).await.is_some());
        assert!(alone.admit(&headers(&[("authorization", "Bearer sk-maste")])).await.is_none());
        assert!(alone.admit(&headers(&[])).await.is_none());
        let empty = MasterKey::new(given(""), None);
        assert!(
            empty.admit(&headers(&[])).await.is_none()
                && empty.admit(&headers(&[("x-api-key", "")])).await.is_none()
        );
    }
}
