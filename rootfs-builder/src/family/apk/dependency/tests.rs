//! Words as packages and people write them.

use super::*;

fn parse(word: &str) -> Dependency<'_> {
    Dependency::parse(word).unwrap()
}

#[test]
fn a_word_is_written_as_it_was_read() {
    let words = [
        "busybox",
        "!busybox",
        "busybox@edge",
        "busybox@edge>=1.36",
        "so:libc.musl-x86_64.so.1",
        "so:libcrypto.so.3=3.0.0",
        "cmd:[=1.36.1-r2",
        "pc:libxml++-2.6>=2.40",
        "py3.12:a",
        "/bin/sh",
        "a<1",
        "a<=1",
        "a>1",
        "a~1.2",
        "a<~1.2",
        "!a>~1.2",
        "a><Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    ];
    for word in words {
        assert_eq!(parse(word).to_string(), word);
    }
}

#[test]
fn signs_may_stand_in_any_order() {
    for (word, operator) in [
        ("a=<1", Operator::LessEqual),
        ("a=>1", Operator::GreaterEqual),
        ("a=~1", Operator::Fuzzy),
        ("a~=1", Operator::Fuzzy),
        ("a~<=1", Operator::FuzzyLess),
        ("a==1", Operator::Equal),
    ] {
        assert_eq!(parse(word).bound, Some((operator, "1")), "{word}");
    }
}

#[test]
fn what_is_no_dependency_is_refused() {
    let refusal = |word: &str| Dependency::parse(word).unwrap_err();
    for word in ["", "!", "!!a", "=1", "@edge", "a b", "a\n", "a\u{1b}[0m", "a\u{a0}b"] {
        assert_eq!(refusal(word), DependencyError::Name(word.into()));
    }
    for word in ["a<=>1", "a<>=1", "a><~1"] {
        assert_eq!(refusal(word), DependencyError::Operator(word.into()));
    }
    for word in ["a=", "a>=x", "a~", "a=1.0@edge", "a=1/../2", "a=1 "] {
        assert_eq!(refusal(word), DependencyError::Version(word.into()));
    }
    for word in ["a><", "a><1", "a<>Q1", "a><Q1AAAA"] {
        assert_eq!(refusal(word), DependencyError::Checksum(word.into()));
    }
    for word in ["a@", "a@b@c", "a@>1"] {
        assert_eq!(refusal(word), DependencyError::Tag(word.into()));
    }
    let long = "=".repeat(1 << 20);
    assert!(refusal(&long).to_string().len() < 200);
}

#[test]
fn operators_draw_the_bounds_that_they_say() {
    let accepted = |word: &str, versions: &[&str]| {
        for version in ["1.1", "1.2_rc1", "1.2", "1.2-r1", "1.2.1", "1.3"] {
            let expected = versions.contains(&version);
            assert_eq!(parse(word).accepts(Some(version)), expected, "{word} {version}");
        }
    };
    accepted("a", &["1.1", "1.2_rc1", "1.2", "1.2-r1", "1.2.1", "1.3"]);
    accepted("a=1.2", &["1.2"]);
    accepted("a<1.2", &["1.1", "1.2_rc1"]);
    accepted("a<=1.2", &["1.1", "1.2_rc1", "1.2"]);
    accepted("a>1.2", &["1.2-r1", "1.2.1", "1.3"]);
    accepted("a>=1.2", &["1.2", "1.2-r1", "1.2.1", "1.3"]);
    accepted("a~1.2", &["1.2_rc1", "1.2", "1.2-r1", "1.2.1"]);
    accepted("a~1.2.1", &["1.2.1"]);
    accepted("a<~1.2", &["1.1", "1.2_rc1", "1.2", "1.2-r1", "1.2.1"]);
    accepted("a>~1.2", &["1.2_rc1", "1.2", "1.2-r1", "1.2.1", "1.3"]);
    // The exclamation mark says what to do with them, not which they are.
    accepted("!a<1.2", &["1.1", "1.2_rc1"]);
}

#[test]
fn what_has_no_version_fits_no_bound() {
    assert!(parse("a").accepts(None));
    for word in ["a=1", "a<1", "a>1", "a~1", "a>=0"] {
        assert!(!parse(word).accepts(None), "{word}");
    }
}

#[test]
fn a_checksum_means_one_package() {
    let [right, wrong] = [Checksum::sha1(b""), Checksum::sha1(b"other")];
    let word = format!("a><{right}");
    assert!(parse(&word).accepts_package("1", &right));
    assert!(!parse(&word).accepts_package("1", &wrong));
    assert!(!parse(&word).accepts(Some("1")));
    assert!(parse("a>=1").accepts_package("1", &wrong));
    assert!(!parse("a>1").accepts_package("1", &wrong));
}
