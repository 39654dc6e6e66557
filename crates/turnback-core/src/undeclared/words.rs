//! Names taken apart into words, and what a column's name says of a table's.

/// How well a column's name fits a table: the more words they share, the better.
pub(super) type Fit = usize;

/// `authorUserId` as `author`, `user`, `id`.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before_was_lower = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            before_was_lower = false;
            words.push(String::new());
            continue;
        }
        if words.is_empty() || (c.is_uppercase() && before_was_lower) {
            words.push(String::new());
        }
        before_was_lower = c.is_lowercase() || c.is_numeric();
        if let Some(word) = words.last_mut() {
            word.extend(c.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `entries` as `entry`: the plural forms that names of tables mostly have.
fn singular(word: &str) -> String {
    match word {
        "people" => return "person".to_owned(),
        "children" => return "child".to_owned(),
        "men" => return "man".to_owned(),
        _ => {}
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() > 1) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes", "zes"] {
        if word.ends_with(ending) {
            return word[..word.len() - 2].to_owned();
        }
    }
    let plural = word.ends_with('s') && !["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if plural && word.len() > 2 {
        word[..word.len() - 1].to_owned()
    } else {
        word.to_owned()
    }
}

/// What a column's name says that it refers to: `last_post_id` says `last`, `post`; nothing where
/// the name is not that of a reference.
pub(super) fn referred(column: &str) -> Option<Vec<String>> {
    let mut words = words(column);
    let is_key = |word: &String| ["id", "ids", "fk", "key"].contains(&word.as_str());
    if words.len() > 1 && words.last().is_some_and(is_key) {
        words.pop();
    } else if words.len() > 1 && words.first().is_some_and(is_key) {
        words.remove(0);
    } else {
        return None;
    }
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    Some(words)
}

/// The words of a table's name, the last of them in the singular.
pub(super) fn of_table(table: &str) -> Vec<String> {
    let mut words = words(table);
    if let Some(last) = words.last_mut() {
        *last = singular(last);
    }
    words
}

/// Whether these words are a row's other row of the same table (`parent_id`).
pub(super) fn means_itself(referred: &[String]) -> bool {
    let words: Vec<&str> = referred.iter().map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["parent"] | ["ancestor"] | ["reply", "to"] | ["in", "reply", "to"]
    )
}

/// How well what a column of `from` refers to fits `table`; nothing where it does not.
pub(super) fn fit(referred: &[String], from: &[String], table: &[String]) -> Option<Fit> {
    if referred.ends_with(table) {
        return Some(2 * table.len());
    }
    // A prefix that tables share is left out in a column's name: `blog_comment.post_id`.
    let prefix = table.len().checked_sub(referred.len())?;
    let shared = prefix > 0 && table.ends_with(referred) && from.starts_with(&table[..prefix]);
    shared.then_some(2 * referred.len() - 1)
}

/// Whether a kind as applications write it (`Post`, `App\Models\JournalEntry`, `blog.post`) means
/// a table.
pub(super) fn kind_means(kind: &str, table: &str) -> bool {
    let class = kind.rsplit(['\\', '.', ':', '/']).next().unwrap_or(kind);
    let (class, table) = (of_table(class), of_table(table));
    !class.is_empty() && table.ends_with(&class)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(column: &str, from: &str, table: &str) -> bool {
        referred(column)
            .is_some_and(|referred| fit(&referred, &of_table(from), &of_table(table)).is_some())
    }

    #[test]
    fn columns_are_known_by_the_names_that_frameworks_give_them() {
        assert!(fits("user_id", "posts", "users"));
        assert!(fits("userId", "posts", "User"));
        assert!(fits("author_user_id", "posts", "users"));
        assert!(fits("entry_id", "pages", "entries"));
        assert!(fits("address_id", "orders", "addresses"));
        assert!(fits("person_id", "orders", "people"));
        assert!(fits("fk_user", "orders", "users"));
        assert!(fits("tag_ids", "posts", "tags"));
        assert!(fits("post_id", "blog_comment", "blog_post"));
    }

    #[test]
    fn what_only_resembles_a_reference_is_none() {
        assert!(!fits("id", "posts", "posts"));
        assert!(!fits("user_count", "posts", "users"));
        assert!(!fits("post_id", "shop_order", "blog_post"));
        assert!(!fits("superuser_id", "posts", "users"));
        assert!(!fits("status_id", "posts", "stat"));
    }

    #[test]
    fn kinds_are_known_as_classes_models_and_tables() {
        assert!(kind_means("Post", "posts"));
        assert!(kind_means("App\\Models\\JournalEntry", "journal_entries"));
        assert!(kind_means("blog.post", "blog_post"));
        assert!(kind_means("posts", "posts"));
        assert!(!kind_means("Postcard", "posts"));
        assert!(!kind_means("", "posts"));
    }
}
