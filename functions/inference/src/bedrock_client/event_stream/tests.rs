use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;
use shared::api::ApiError;

use super::*;

fn frame(headers: &[(&'static str, &str)], payload: &[u8]) -> Bytes {
    let mut message = Message::new(payload.to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new(*name, HeaderValue::String((*value).to_owned().into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes.into()
}

fn event(payload: &[u8]) -> Bytes {
    frame(&[(":event-type", "chunk"), (":message-type", "event")], payload)
}

/// Everything that comes out of pieces that arrive one after another, up to the first failure.
fn decode_pieces(pieces: &[&[u8]]) -> (Vec<Bytes>, bool) {
    let (mut buffer, mut frames) = (BytesMut::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            match split(&mut buffer) {
                Ok(None) => break,
                Ok(Some(raw)) => match read(raw) {
                    Ok(frame) => frames.push(frame.payload),
                    Err(_) => return (frames, true),
                },
                Err(_) => return (frames, true),
            }
        }
    }
    (frames, !buffer.is_empty())
}

proptest! {
    #[test]
    fn frames_come_out_as_they_went_in_wherever_they_are_cut(
        payloads in vec(vec(any::<u8>(), 0..200), 0..20),
        cuts in vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let stream: Vec<u8> = payloads.iter().flat_map(|payload| event(payload)).collect();
        let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).chain([0, stream.len()]).collect();
        at.sort_unstable();
        let pieces: Vec<&[u8]> = at.windows(2).map(|ends| &stream[ends[0]..ends[1]]).collect();
        let (frames, failed) = decode_pieces(&pieces);
        prop_assert!(!failed);
        prop_assert_eq!(frames, payloads);
    }

    #[test]
    fn a_byte_that_changed_on_its_way_never_passes(
        payload in vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), change in 1..=u8::MAX,
    ) {
        let mut bytes = event(&payload).to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= change;
        // A length that grew waits for more, which is a failure at the end of the stream.
        let (frames, failed) = decode_pieces(&[&bytes]);
        prop_assert!(failed && frames.is_empty());
    }

    #[test]
    fn nothing_breaks_the_decoder(bytes in vec(any::<u8>(), 0..600)) {
        decode_pieces(&[&bytes]);
    }

    #[test]
    fn a_chunk_is_read_or_refused(payload in vec(any::<u8>(), 0..200), json in "\\{\"bytes\":\"[A-Za-z0-9+/=]{0,40}\"\\}") {
        for payload in [payload, json.into_bytes()] {
            let frame = read(event(&payload)).unwrap();
            frame.content(Api::Messages);
            prop_assert_eq!(frame.content(Api::Converse).unwrap(), payload);
        }
    }
}

#[test]
fn exceptions_and_errors_are_failures_with_bedrocks_words() {
    for (headers, want) in [
        (&[(":exception-type", "throttlingException"), (":message-type", "exception")][..], "slow down"),
        (
            &[(":error-code", "InternalError"), (":error-message", "slow down"), (":message-type", "error")]
                [..],
            "slow down",
        ),
        (&[(":message-type", "riddle")][..], "the model's stream cannot be read"),
        (&[][..], "the model's stream cannot be read"),
    ] {
        let failed =
            read(frame(headers, json!({"message": "slow down"}).to_string().as_bytes())).unwrap_err();
        assert!(failed.may_have_run, "{headers:?}");
        let ApiError::Upstream { message, .. } = *failed.fault else { panic!("{headers:?}") };
        assert_eq!(message, want, "{headers:?}");
    }
}

#[test]
fn a_length_that_cannot_be_is_refused_at_once() {
    for length in [0u32, 11, u32::try_from(MAX_FRAME_LEN + 1).unwrap(), u32::MAX] {
        assert!(split(&mut BytesMut::from(&length.to_be_bytes()[..])).is_err(), "{length}");
    }
    assert!(matches!(
        split(&mut BytesMut::from(&u32::try_from(MAX_FRAME_LEN).unwrap().to_be_bytes()[..])),
        Ok(None)
    ));
}
