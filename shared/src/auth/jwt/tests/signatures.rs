use super::issuer::{ED, OTHER_RSA, P256, P384, Signer, encode_base64};
use super::*;

#[tokio::test]
async fn every_accepted_algorithm_is_verified() {
    let keys = vec![RSA.jwk("rsa"), P256.jwk("p256"), P384.jwk("p384"), ED.jwk("ed")];
    let jwt = setting(&Issuer::publishing(keys).await, json!({}));
    for (signer, algorithm, kid) in [
        (&*RSA, "RS256", "rsa"),
        (&*RSA, "RS384", "rsa"),
        (&*RSA, "RS512", "rsa"),
        (&*RSA, "PS256", "rsa"),
        (&*RSA, "PS384", "rsa"),
        (&*RSA, "PS512", "rsa"),
        (&*P256, "ES256", "p256"),
        (&*P384, "ES384", "p384"),
        (&*ED, "EdDSA", "ed"),
    ] {
        let token = signer.token(json!({"alg": algorithm, "kid": kid}), &claims(json!({})));
        assert_eq!(response_message(&jwt, &token, NOW).await, "", "{algorithm}");
        let (message, signature) = token.reveal().rsplit_once('.').unwrap();
        let changed = if signature.starts_with('A') { "B" } else { "A" };
        let forged = Secret::new(format!("{message}.{changed}{}", signature.split_at(1).1));
        assert_eq!(
            response_message(&jwt, &forged, NOW).await,
            "401 the token's signature does not fit",
            "{algorithm}"
        );
    }
}

#[tokio::test]
async fn a_header_that_does_not_fit_is_refused() {
    let keys = vec![RSA.jwk("rsa"), P256.jwk("p256"), P384.jwk("p384"), ED.jwk("ed")];
    let jwt = setting(&Issuer::publishing(keys).await, json!({}));
    for (signer, header, wanted) in [
        (&*RSA, json!({"alg": "none", "kid": "rsa"}), "algorithm (alg) is not accepted"),
        (&*RSA, json!({"alg": "None", "kid": "rsa"}), "algorithm (alg) is not accepted"),
        (&*RSA, json!({"alg": "HS256", "kid": "rsa"}), "algorithm (alg) is not accepted"),
        (&*RSA, json!({"alg": "rs256", "kid": "rsa"}), "algorithm (alg) is not accepted"),
        (&*RSA, json!({"alg": "ES256K", "kid": "rsa"}), "algorithm (alg) is not accepted"),
        (&*RSA, json!({"alg": "RS256", "kid": "rsa", "crit": ["exp"]}), "demands extensions (crit)"),
        (&*RSA, json!({"alg": "ES256", "kid": "rsa"}), "algorithm (alg) does not fit its key"),
        (&*RSA, json!({"alg": "RS256", "kid": "p256"}), "algorithm (alg) does not fit its key"),
        (&*P384, json!({"alg": "ES256", "kid": "p384"}), "algorithm (alg) does not fit its key"),
        (&*P256, json!({"alg": "EdDSA", "kid": "p256"}), "algorithm (alg) does not fit its key"),
        (&*OTHER_RSA, json!({"alg": "RS256", "kid": "rsa"}), "signature does not fit"),
        (&*RSA, json!({"alg": "RS256", "kid": "RSA"}), "key (kid) is not among those"),
        (&*RSA, json!({"alg": "RS256"}), "names no key (kid)"),
        // A key that the token brings itself is not even looked at.
        (
            &*OTHER_RSA,
            json!({"alg": "RS256", "kid": "rsa", "jwk": OTHER_RSA.jwk("rsa")}),
            "signature does not fit",
        ),
        (&*RSA, json!({"kid": "rsa"}), "is no JWT"),
        (&*RSA, json!({"alg": "RS256", "kid": 1}), "is no JWT"),
        (&*RSA, json!("RS256"), "is no JWT"),
    ] {
        let told = response_message(&jwt, &signer.token(header.clone(), &claims(json!({}))), NOW).await;
        assert!(told.starts_with("401 ") && told.contains(wanted), "{header}: {told:?}");
    }
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let jwt = setting(&Issuer::usual().await, json!({}));
    let good = token(json!({}));
    let [header, body, signature] = good.reveal().split('.').collect::<Vec<_>>().try_into().unwrap();
    let other = encode_base64(claims(json!({"sub": "luigi"})).to_string().as_bytes());
    for (text, wanted) in [
        (format!("{header}.{other}.{signature}"), "signature does not fit"),
        (format!("{header}.{body}."), "signature does not fit"),
        (format!("{header}.{body}.{signature}="), "signature does not fit"),
        (format!("{header}.{body}"), "is no JWT"),
        (format!("{header}.{body}.{signature}.x"), "is no JWT"),
        (format!("{header}.{}.{signature}", encode_base64(b"[1]")), "is no JWT"),
        (format!("{header}.{}.{signature}", encode_base64(b"{\"exp\": 1e999}")), "is no JWT"),
        (format!("{header}.{}.{signature}", encode_base64("[".repeat(9000).as_bytes())), "is no JWT"),
        (format!("{}.{body}.{signature}", encode_base64(b"\xff")), "is no JWT"),
        (String::new(), "is no JWT"),
    ] {
        let told = response_message(&jwt, &Secret::new(text.clone()), NOW).await;
        assert!(told.starts_with("401 ") && told.contains(wanted), "{text}: {told:?}");
    }
}

#[tokio::test]
async fn only_keys_for_signatures_are_used() {
    let good = || P256.jwk("other");
    let rsa = |more: Value| merge_json(RSA.jwk("one"), more);
    let unknown = "401 the token's key (kid) is not among those that its issuer publishes";
    let misfit = "401 the token's algorithm (alg) does not fit its key";
    for (key, wanted) in [
        (rsa(json!({})), ""),
        (rsa(json!({"use": null})), ""),
        (rsa(json!({"alg": "RS256"})), ""),
        (rsa(json!({"key_ops": ["verify"]})), ""),
        (rsa(json!({"alg": "RS512"})), misfit),
        (rsa(json!({"alg": "PS256"})), misfit),
        (rsa(json!({"use": "enc"})), unknown),
        (rsa(json!({"use": "tls"})), unknown),
        (rsa(json!({"key_ops": ["encrypt"]})), unknown),
        (rsa(json!({"alg": "RSA-OAEP"})), unknown),
        (rsa(json!({"alg": "ES256"})), unknown),
        (rsa(json!({"n": "not base64url!"})), unknown),
        (rsa(json!({"n": 1})), unknown),
        (json!({"kty": "oct", "kid": "one", "k": "c2VjcmV0"}), unknown),
        (json!({"kty": "AKP", "kid": "one", "alg": "ML-DSA-44", "pub": "x"}), unknown),
        (json!({"kty": "EC", "kid": "one", "crv": "secp256k1", "x": "x", "y": "y"}), unknown),
        (json!("one"), unknown),
    ] {
        let jwt = setting(&Issuer::publishing(vec![key.clone(), good()]).await, json!({}));
        assert_eq!(response_message(&jwt, &token(json!({})), NOW).await, wanted, "{key}");
    }
}

#[tokio::test]
async fn a_token_without_kid_needs_a_single_key() {
    let bare = |signer: &Signer| signer.token(json!({"alg": "RS256"}), &claims(json!({})));
    let encryption = merge_json(OTHER_RSA.jwk("two"), json!({"use": "enc"}));
    for (keys, is_good) in [
        (vec![RSA.jwk("one")], true),
        (vec![encryption, RSA.jwk("one")], true),
        (vec![merge_json(RSA.jwk("one"), json!({"kid": null}))], true),
        (vec![RSA.jwk("one"), P256.jwk("two")], false),
    ] {
        let issuer = Issuer::publishing(keys).await;
        let jwt = setting(&issuer, json!({}));
        assert_eq!(response_message(&jwt, &bare(&RSA), NOW).await.is_empty(), is_good);
        assert!(response_message(&jwt, &bare(&OTHER_RSA), NOW).await.starts_with("401 "));
        assert_eq!(issuer.reads(), 1);
    }
}
