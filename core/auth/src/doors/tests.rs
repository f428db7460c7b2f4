use super::*;

fn loopback() -> Doors {
    Doors::new("127.0.0.1:8080".parse().unwrap(), [], []).unwrap()
}

fn listed() -> Doors {
    let hosts = ["Desk.example.org", "port.example.org:8443", "*.wild.example.org", "10.1.2.3", "[fd00::1]"];
    Doors::new("10.0.0.7:8080".parse().unwrap(), hosts, ["https://portal.example.org/", "http://10.9.9.9:81"]).unwrap()
}

fn check(doors: &Doors, host: &str, origin: Option<&str>) -> Result<(), Shut> {
    let origin = origin.map_or(Field::Absent, Field::Once);
    let heads = Heads { host: Field::Once(host), origin, fetch_site: Field::Absent };
    doors.check(&heads, Effect::Changes)
}

#[test]
fn loopback_is_always_ours() {
    let ours = ["localhost", "localhost:8080", "LOCALHOST:9", "127.0.0.1:8080", "127.8.8.8", "[::1]:8080"];
    for host in ours.into_iter().chain(["[::ffff:127.0.0.1]"]) {
        assert_eq!(check(&loopback(), host, None), Ok(()), "{host}");
        assert_eq!(check(&listed(), host, None), Ok(()), "{host}");
    }
}

#[test]
fn a_name_that_a_stranger_points_here_is_not() {
    for host in [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil-localhost",
        "10.0.0.7",
        "192.168.0.1",
        "[fd00::2]",
        "xn--lcalhost-n4a",
    ] {
        assert!(matches!(check(&loopback(), host, None), Err(Shut::Host(_))), "{host}");
    }
}

#[test]
fn a_host_that_is_none_is_not_either() {
    for host in ["", "localhost.", "user@localhost", "localhost:80:80", "127.1", "0x7f000001", "[::1", "localhost, a"] {
        assert_eq!(check(&loopback(), host, None), Err(Shut::HostUnreadable), "{host}");
    }
    for host in [Field::Absent, Field::Broken] {
        let heads = Heads { host, origin: Field::Absent, fetch_site: Field::Absent };
        assert_eq!(loopback().check(&heads, Effect::Reads), Err(Shut::HostUnreadable));
    }
}

#[test]
fn listed_hosts_are_ours_with_their_port_if_they_have_one() {
    let ours = ["desk.example.org", "DESK.example.org:99", "port.example.org:8443", "a.wild.example.org", "10.0.0.7:1"];
    for host in ours.into_iter().chain(["a.b.wild.example.org:5", "10.1.2.3", "[FD00:0::1]:8080"]) {
        assert_eq!(check(&listed(), host, None), Ok(()), "{host}");
    }
    let others =
        ["port.example.org", "port.example.org:8444", "wild.example.org", "evilwild.example.org", "example.org"];
    for host in others.into_iter().chain(["a.wild.example.org.evil.example", "10.0.0.8"]) {
        assert!(matches!(check(&listed(), host, None), Err(Shut::Host(_))), "{host}");
    }
}

#[test]
fn every_address_is_ours_where_all_are_bound() {
    for bound in ["0.0.0.0:80", "[::]:80"] {
        let doors = Doors::new(bound.parse().unwrap(), [], []).unwrap();
        assert_eq!(check(&doors, "192.168.7.7:80", Some("http://192.168.7.7")), Ok(()));
        assert!(check(&doors, "evil.example", None).is_err());
    }
}

#[test]
fn a_page_of_ours_comes_from_where_it_goes() {
    for (host, origin) in [
        ("localhost:8080", "http://localhost:8080"),
        ("LOCALHOST:8080", "http://localhost:8080"),
        ("localhost", "http://localhost"),
        ("localhost", "https://localhost"),
        ("localhost:443", "https://localhost"),
        ("localhost", "http://localhost:80"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("127.0.0.1:8080", "HTTP://127.0.0.1:8080"),
    ] {
        assert_eq!(check(&loopback(), host, Some(origin)), Ok(()), "{host} {origin}");
    }
}

#[test]
fn a_page_of_another_is_turned_away() {
    for origin in [
        "http://evil.example",
        "http://localhost",
        "http://localhost:8081",
        "https://localhost",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://localhost.evil.example:8080",
        "http://xn--lcalhost-n4a:8080",
    ] {
        let shut = check(&loopback(), "localhost:8080", Some(origin));
        assert!(matches!(shut, Err(Shut::Origin { .. })), "{origin}: {shut:?}");
    }
    let attack = check(&loopback(), "evil.example:8080", Some("http://evil.example:8080"));
    assert_eq!(attack, Err(Shut::Host("evil.example".to_owned())), "rebinding agrees with itself");
}

#[test]
fn an_origin_that_is_none_is_turned_away() {
    for origin in [
        "",
        "localhost:8080",
        "//localhost:8080",
        "file://",
        "ws://localhost:8080",
        "chrome-extension://abcdef",
        "http://localhost:8080/",
        "http://localhost:8080/#",
        "http://user@localhost:8080",
        "http://localhost:8080@evil.example",
        "http://localhost.:8080",
        "http://localhost:8080 http://evil.example",
        " http://localhost:8080",
        "NULL",
    ] {
        assert_eq!(check(&loopback(), "localhost:8080", Some(origin)), Err(Shut::OriginUnreadable), "{origin}");
    }
    assert_eq!(check(&loopback(), "localhost:8080", Some("null")), Err(Shut::OriginNull));
    let heads = Heads { host: Field::Once("localhost"), origin: Field::Broken, fetch_site: Field::Absent };
    assert_eq!(loopback().check(&heads, Effect::Reads), Err(Shut::OriginUnreadable), "reading is no excuse");
}

#[test]
fn listed_origins_are_let_in() {
    for origin in ["https://portal.example.org", "https://PORTAL.example.org:443", "http://10.9.9.9:81"] {
        assert_eq!(check(&listed(), "desk.example.org", Some(origin)), Ok(()), "{origin}");
    }
    for origin in ["http://portal.example.org", "https://portal.example.org:444", "http://10.9.9.9"] {
        assert!(check(&listed(), "desk.example.org", Some(origin)).is_err(), "{origin}");
    }
}

#[test]
fn another_site_changes_nothing_unless_it_is_listed() {
    let check = |origin, site, effect| {
        listed().check(&Heads { host: Field::Once("localhost"), origin, fetch_site: site }, effect)
    };
    let (cross, portal) = (Field::Once("cross-site"), Field::Once("https://portal.example.org"));
    assert_eq!(check(Field::Absent, cross, Effect::Changes), Err(Shut::CrossSite));
    assert_eq!(check(Field::Absent, Field::Broken, Effect::Changes), Err(Shut::CrossSite));
    assert_eq!(check(Field::Once("http://localhost"), cross, Effect::Changes), Err(Shut::CrossSite));
    assert_eq!(check(Field::Absent, cross, Effect::Reads), Ok(()));
    assert_eq!(check(portal, cross, Effect::Changes), Ok(()));
    for site in ["same-origin", "same-site", "none"] {
        assert_eq!(check(Field::Absent, Field::Once(site), Effect::Changes), Ok(()), "{site}");
    }
}

#[test]
fn a_refusal_says_which_flag_would_help() {
    let shut = |host, origin| check(&loopback(), host, origin).unwrap_err().to_string();
    assert!(shut("desk.lan:8080", None).contains("--allowed-host desk.lan "));
    let origin = shut("localhost:8080", Some("https://a.example:443"));
    assert!(origin.contains("--allowed-origin https://a.example "), "{origin}");
}

#[test]
fn flags_that_name_nothing_are_refused() {
    let bound = "127.0.0.1:1".parse().unwrap();
    for host in ["*", "*.", "*.org", "*.10.0.0.1", "https://desk.example.org", "", "a.*.org", "fd00::1"] {
        assert_eq!(Doors::new(bound, [host], []).unwrap_err(), DoorsError::Host(host.to_owned()));
    }
    for origin in ["*", "null", "desk.example.org", "https://*.example.org", "https://a.example/x", ""] {
        assert_eq!(Doors::new(bound, [], [origin]).unwrap_err(), DoorsError::Origin(origin.to_owned()));
    }
}
