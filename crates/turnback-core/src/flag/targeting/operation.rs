//! The operations that a rule may use.

/// An operation: JsonLogic's own (<https://jsonlogic.com/operations.html>, but for `log` and
/// `method`, which do not belong into a flag), and flagd's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Var,
    Missing,
    MissingSome,
    If,
    And,
    Or,
    Not,
    Truth,
    Equal,
    StrictEqual,
    NotEqual,
    StrictNotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
    Max,
    Min,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Map,
    Filter,
    Reduce,
    All,
    None,
    Some,
    Merge,
    In,
    Cat,
    Substr,
    Fractional,
    StartsWith,
    EndsWith,
    SemVer,
}

/// Every operation by its name.
const NAMES: [(&str, Operation); 38] = [
    ("var", Operation::Var),
    ("missing", Operation::Missing),
    ("missing_some", Operation::MissingSome),
    ("if", Operation::If),
    ("?:", Operation::If),
    ("and", Operation::And),
    ("or", Operation::Or),
    ("!", Operation::Not),
    ("!!", Operation::Truth),
    ("==", Operation::Equal),
    ("===", Operation::StrictEqual),
    ("!=", Operation::NotEqual),
    ("!==", Operation::StrictNotEqual),
    (">", Operation::Greater),
    (">=", Operation::GreaterOrEqual),
    ("<", Operation::Less),
    ("<=", Operation::LessOrEqual),
    ("max", Operation::Max),
    ("min", Operation::Min),
    ("+", Operation::Add),
    ("-", Operation::Subtract),
    ("*", Operation::Multiply),
    ("/", Operation::Divide),
    ("%", Operation::Remainder),
    ("map", Operation::Map),
    ("filter", Operation::Filter),
    ("reduce", Operation::Reduce),
    ("all", Operation::All),
    ("none", Operation::None),
    ("some", Operation::Some),
    ("merge", Operation::Merge),
    ("in", Operation::In),
    ("cat", Operation::Cat),
    ("substr", Operation::Substr),
    ("fractional", Operation::Fractional),
    ("starts_with", Operation::StartsWith),
    ("ends_with", Operation::EndsWith),
    ("sem_ver", Operation::SemVer),
];

impl Operation {
    /// The operation of this name.
    pub fn named(name: &str) -> Option<Self> {
        let found = NAMES.iter().find(|(known, _)| *known == name);
        found.map(|(_, operation)| *operation)
    }

    /// The name that looks most like this one, if any does.
    pub fn alike(name: &str) -> Option<&'static str> {
        NAMES
            .iter()
            .map(|(known, _)| (strsim::damerau_levenshtein(known, name), *known))
            .filter(|(distance, known)| *distance <= 2 && known.len() > 2)
            .min()
            .map(|(_, known)| known)
    }
}
