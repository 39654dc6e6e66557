//! Hides secrets in what others have written: output of commands, answers of servers.

use crate::diagnostic::mask_secrets;

/// What stands in the place of a secret.
const HIDDEN: &str = "***";
/// Shorter ones stay: hiding every `1` would hide what happened.
const SHORTEST: usize = 4;
/// The shortest part of a secret that is hidden by itself.
const SHORTEST_PART: usize = 8;

/// Hides every one of these secrets, the longest first, and what looks like one
/// ([`mask_secrets`]).
pub fn hide<'a>(text: &str, secrets: impl IntoIterator<Item = &'a str>) -> String {
    let mut known: Vec<&str> = secrets
        .into_iter()
        .filter(|secret| secret.len() >= SHORTEST)
        .flat_map(|secret| [secret].into_iter().chain(parts(secret)))
        .collect();
    known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    let shown = known.into_iter().fold(text.to_owned(), |shown, secret| {
        shown.replace(secret, HIDDEN)
    });
    mask_secrets(&shown)
}

/// The parts of a secret that give it away when they stand alone: what follows the host of a URL,
/// the password before it, the token of `Bearer …`.
fn parts(secret: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = Vec::new();
    if let Some((_, rest)) = secret.split_once("://") {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        parts.push(path);
        let login = authority.rsplit_once('@').map(|(login, _)| login);
        parts.extend(
            login
                .and_then(|login| login.split_once(':'))
                .map(|(_, word)| word),
        );
    } else if let Some((_, token)) = secret.rsplit_once(' ') {
        parts.push(token);
    }
    parts.retain(|part| part.len() >= SHORTEST_PART);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_wherever_they_stand_and_words_stay() {
        let secrets = [
            "https://hooks.example/services/T0/B0/xyz",
            "Bearer abcdefgh",
            "abc",
        ];
        let shown = hide(
            "POST /services/T0/B0/xyz with abcdefgh: abc is fine, postgres://u:p@h/d",
            secrets,
        );
        assert_eq!(shown, "POST /*** with ***: abc is fine, postgres://*:*@h/d");
    }

    #[test]
    fn the_password_of_an_address_is_hidden_by_itself() {
        let shown = hide(
            "it said: hunter2hunter2",
            ["postgres://app:hunter2hunter2@db/shop"],
        );
        assert_eq!(shown, "it said: ***");
    }
}
