use std::net::TcpListener;

use lunette_desktop::{BackendKind, Profile, Resize, RootSource, Slot, Terms, Wish};
use lunette_frame::ScanoutId;
use lunette_wire::Token;

use super::*;
use crate::life::shows;

/// A desktop without anything, whose host is at `host`.
fn desktop(places: &Places, host: String) -> Desktop {
    let profile = "name = 'x'\nsummary = ''\n[compositor]\nkind = 'weston'\ncommand = ['weston']\n";
    let terms = Terms {
        id: "a".parse().unwrap(),
        slot: Slot::new(0).unwrap(),
        profile: Profile {
            resize: Resize::Command { command: vec!["x".to_owned()] },
            ..Profile::parse(profile).unwrap()
        },
        root: RootSource::Folder("/".into()),
        backend: BackendKind::Runc,
        ordered_at_ms: 0,
    };
    let order = Wish::plain("x".parse().unwrap()).order(terms).unwrap();
    let settings = Settings {
        hydra: "/none".into(),
        lease_socket: "/none".into(),
        host: host.clone(),
        logind: None,
        bridge: None,
        docker: "/none".into(),
        grace: Duration::ZERO,
    };
    let mut desktop = Desktop::new(order, places.clone(), settings);
    desktop.host = Some(Host::new(host, Token::new([0; Token::LEN]), ScanoutId::new(1)));
    desktop
}

#[tokio::test]
async fn a_size_is_waited_for_no_longer_than_it_may_take_however_silent_the_host() {
    let folder = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let places = Places::at(folder.path().to_owned());
    let mut desktop = desktop(&places, silent.local_addr().unwrap().to_string());
    let reporter = Reporter::new(&desktop.order, &places);
    let began = Instant::now();
    let until = began + Duration::from_millis(300);
    let failure = shows(&mut desktop, &reporter, Size { width: 800, height: 600 }, until).await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert!(failure.why().starts_with("it shows nothing instead of 800x600"), "{}", failure.why());
}
