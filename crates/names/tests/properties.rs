//! What must hold of every name.

use proptest::prelude::*;
use vetch_model::inventory::Ecosystem;
use vetch_names::{How, Lists, Names, normal, scope_of};

/// Popular names that can be mistaken at all: unscoped, and not too short.
fn popular(ecosystem: &Ecosystem) -> Vec<String> {
    let listed = Names::shipped().lists().of(ecosystem).iter().take(500);
    let letters = |name: &str| name.chars().filter(|c| c.is_alphanumeric()).count();
    listed.filter(|name| scope_of(name).is_none() && letters(name) >= 6).cloned().collect()
}

fn any_popular() -> impl Strategy<Value = (Ecosystem, String)> {
    let of = |ecosystem: Ecosystem| {
        prop::sample::select(popular(&ecosystem)).prop_map(move |name| (ecosystem.clone(), name))
    };
    prop_oneof![of(Ecosystem::Npm), of(Ecosystem::Pypi)]
}

/// The name with one slip: which, where, and a letter for those that need one.
fn slipped(name: &str, kind: usize, place: usize, letter: u8) -> String {
    let mut letters: Vec<u8> = name.bytes().collect();
    let place = place % letters.len();
    match kind % 5 {
        0 if place > 0 => letters.swap(place - 1, place),
        1 => {
            letters.remove(place);
        }
        2 => letters.insert(place, letters[place]),
        3 => letters[place] = letter,
        _ => letters.insert(place, letter),
    }
    String::from_utf8_lossy(&letters).into_owned()
}

fn is_found(ecosystem: &Ecosystem, name: &str, target: &str) -> bool {
    let names = Names::shipped();
    let found = names.lookalikes(ecosystem, name);
    // Another may be as near, or nearer.
    let best = found.iter().any(|lookalike| lookalike.target == target);
    best || found.len() >= 3 || names.rank(ecosystem, name).is_some() || normal(ecosystem, name) == target
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn every_slip_of_a_popular_name_is_found(
        (ecosystem, target) in any_popular(), kind in 0usize..5, place in 0usize..64, letter in b'a'..=b'z',
    ) {
        let name = slipped(&target, kind, place, letter);
        let shown = Names::shipped().lookalikes(&ecosystem, &name);
        prop_assert!(is_found(&ecosystem, &name, &target), "{name} for {target}: {shown:?}");
    }

    #[test]
    fn names_that_the_registry_takes_for_one_are_no_lookalikes((_, target) in any_popular(), separator in "[-_.]{1,3}") {
        if Names::shipped().rank(&Ecosystem::Pypi, &target).is_some() {
            let same = target.replace('-', &separator).to_uppercase();
            prop_assert_eq!(Names::shipped().lookalikes(&Ecosystem::Pypi, &same), []);
        }
    }

    #[test]
    fn any_text_is_answered(name in "\\PC{0,300}") {
        for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi, Ecosystem::Other("deb".to_owned())] {
            let found = Names::shipped().lookalikes(&ecosystem, &name);
            prop_assert!(found.len() <= 3);
            prop_assert!(found.iter().all(|lookalike| lookalike.rank >= 1 && !lookalike.target.is_empty()));
        }
    }

    #[test]
    fn any_list_is_read_or_refused(text in "(\\[npm\\]\n|\\[pypi\\]\n|[a-zA-Z@/._ #-]{0,20}\n){0,20}") {
        if let Ok(lists) = Lists::parse(&text) {
            prop_assert_eq!(Lists::parse(&lists.text("again")).unwrap(), lists);
        }
    }
}

#[test]
fn most_pairs_of_slips_in_long_names_are_found() {
    let names = Names::shipped();
    let (mut all, mut found) = (0, 0);
    for target in popular(&Ecosystem::Pypi).iter().filter(|name| name.len() >= 13) {
        for place in 1..target.len() - 6 {
            let name = slipped(&slipped(target, 3, place, b'q'), 3, place + 4, b'q');
            all += 1;
            found += usize::from(names.lookalikes(&Ecosystem::Pypi, &name).iter().any(|it| it.target == *target));
        }
    }
    assert!(all > 500 && found * 100 >= all * 90, "{found} of {all}");
}

#[test]
fn no_popular_name_is_a_lookalike() {
    let names = Names::shipped();
    for ecosystem in [Ecosystem::Npm, Ecosystem::Pypi] {
        let listed = names.lists().of(&ecosystem);
        assert!(listed.len() > 5_000, "{ecosystem:?}: the shipped list cannot be read");
        let loud: Vec<&String> = listed.iter().filter(|name| !names.lookalikes(&ecosystem, name).is_empty()).collect();
        assert_eq!(loud, [] as [&String; 0]);
    }
}

#[test]
fn kinds_are_told_apart() {
    let names = Names::new(
        Lists::parse(
            "[npm]\ncommander\nlodash\ncross-env\n@typescript-eslint/parser\n@types/node\nelectron\nprettier\nreact-router\n\
             request\n[pypi]\nrequests\nnumpy\nbeautifulsoup4\npython-dateutil\n",
        )
        .unwrap(),
    );
    let how = |ecosystem, name: &str| {
        names.lookalikes(&ecosystem, name).first().map(|it| (it.how.clone(), it.target.clone()))
    };
    let found = |how: How, target: &str| Some((how, target.to_owned()));
    use Ecosystem::{Npm, Pypi};
    use vetch_names::Slip;
    assert_eq!(how(Npm, "electorn"), found(How::Slip(Slip::Swapped), "electron"));
    assert_eq!(how(Npm, "comm\u{430}nder"), found(How::Looks, "commander"));
    assert_eq!(how(Npm, "l0dash"), found(How::Looks, "lodash"));
    assert_eq!(how(Pypi, "nurnpy"), found(How::Looks, "numpy"));
    assert_eq!(how(Npm, "crossenv"), found(How::Separators, "cross-env"));
    assert_eq!(how(Npm, "router-react"), found(How::WordOrder, "react-router"));
    assert_eq!(how(Npm, "@typescript_eslint/parser"), found(How::Scope, "@typescript-eslint/parser"));
    assert_eq!(how(Npm, "types-node"), found(How::ScopeInName, "@types/node"));
    assert_eq!(how(Npm, "node-electron"), found(How::Affix("node".to_owned()), "electron"));
    assert_eq!(how(Npm, "prettier-v3"), found(How::Version, "prettier"));
    assert_eq!(how(Npm, "beautifulsoup4"), found(How::OtherEcosystem, "beautifulsoup4"));
    assert_eq!(how(Pypi, "Python_DateUtil"), None);
    assert_eq!(how(Npm, "@types/nodes"), None, "who owns the scope owns the name");
    assert_eq!(how(Npm, "abcd"), None, "too short");
}

#[test]
fn mistakes_in_a_list_are_told_by_line() {
    for (text, line) in [("lodash\n", 1), ("[npm]\nok\nnot ok\n", 3), ("[npm]\n\n@a\n", 3), ("[cargo]\nserde\n", 1)] {
        assert_eq!(Lists::parse(text).unwrap_err().line, line, "{text:?}");
    }
    assert!(Lists::unpack(b"no gzip").is_err());
    let lists = Lists::parse("# c\n[pypi]\nA_b\na.b\n[npm]\n@a/b\n").unwrap();
    assert_eq!(
        (lists.of(&Ecosystem::Pypi), lists.of(&Ecosystem::Npm)),
        (&["a-b".to_owned()][..], &["@a/b".to_owned()][..])
    );
    assert_eq!(Lists::unpack(&Lists::pack(&lists.text("x")).unwrap()).unwrap(), lists);
}
