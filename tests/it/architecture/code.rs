//! Rust source as the architecture test sees it: no comments, no text, only what is compiled.

/// `source` with comments and literals blanked; every line stays where it was.
pub fn without_comments_and_strings(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + blank_from(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            let blanked = chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' });
            code.extend(blanked);
            at = end;
        }
    }
    code
}

/// How many characters from `at` on are a comment or a literal.
fn blank_from(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => match raw_hashes(&chars[..at]) {
            Some(hashes) => raw_string(rest, hashes),
            None => literal_length(rest, '"'),
        },
        ['\'', '\\', ..] => literal_length(rest, '\''),
        ['\'', _, '\'', ..] => 3,
        _ => 0, // code, or the tick of a lifetime
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    at
}

/// The length of a literal that starts at `rest[0]` and ends at the next `quote` that is not escaped.
fn literal_length(rest: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

/// The number of hashes if a quote after `before` opens a raw string.
fn raw_hashes(before: &[char]) -> Option<usize> {
    let hashes = before.iter().rev().take_while(|c| **c == '#').count();
    let mut prefix = before[..before.len() - hashes].iter().rev().take_while(|c| is_word(**c));
    match (prefix.next(), prefix.next(), prefix.next()) {
        (Some('r'), None | Some('b' | 'c'), None) => Some(hashes),
        _ => None,
    }
}

fn raw_string(rest: &[char], hashes: usize) -> usize {
    let closes =
        |at: usize| rest[at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').count() >= hashes;
    (1..rest.len()).find(|at| closes(*at)).map_or(rest.len(), |at| at + 1 + hashes)
}

/// The lines of `code`, counted from 1, on which `word` stands.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let mut places = match word.strip_prefix("crate::") {
        Some(room) => room_places(code, room),
        None => places(code, word),
    };
    places.sort_unstable();
    places.into_iter().map(|at| code[..at].matches('\n').count() + 1).collect()
}

/// Where `word` stands as a word of its own: `http::` is not in `my_http::`, nor in `other::http::`.
fn places(code: &str, word: &str) -> Vec<usize> {
    let stands_alone = |at: usize| {
        let before = code[..at].chars().next_back().unwrap_or(' ');
        let after = code[at + word.len()..].chars().next().unwrap_or(' ');
        let starts = word.starts_with('.') || !(is_word(before) || word.ends_with("::") && before == ':');
        let ends = word.ends_with(['_', ':']) || !is_word(after);
        starts && ends
    };
    code.match_indices(word).map(|(at, _)| at).filter(|at| stands_alone(*at)).collect()
}

/// Where `crate::room`, `super::room` or `crate::{.., room, ..}` stands.
fn room_places(code: &str, room: &str) -> Vec<usize> {
    let mut found = Vec::new();
    for root in ["crate::", "super::"] {
        found.extend(places(code, &format!("{root}{room}")));
        for (at, _) in code.match_indices(&format!("{root}{{")) {
            found.extend(group_places(code, at + root.len() + 1, room));
        }
    }
    found
}

/// Where `room` is a first segment in the use group whose content starts at `start`.
fn group_places(code: &str, start: usize, room: &str) -> Vec<usize> {
    let (mut depth, mut first, mut found) = (1_usize, true, Vec::new());
    for (at, c) in code[start..].char_indices().map(|(at, c)| (start + at, c)) {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => break,
            '}' => depth -= 1,
            ',' if depth == 1 => first = true,
            _ if c.is_whitespace() => {}
            _ => {
                let rest = &code[at..];
                let whole = rest.strip_prefix(room).is_some_and(|after| !after.starts_with(is_word));
                if depth == 1 && first && whole {
                    found.push(at);
                }
                first = false;
            }
        }
    }
    found
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}
