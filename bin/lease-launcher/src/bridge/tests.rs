use lunette_desktop::{BackendKind, Profile, RootSource, Slot, Terms, Wish};

use super::*;

fn order(kind: &str) -> Order {
    let text = format!("name = 'x'\nsummary = ''\n[compositor]\nkind = '{kind}'\ncommand = ['x']\n");
    let profile = Profile::parse(&text).unwrap();
    let terms = Terms {
        id: "d-1".parse().unwrap(),
        slot: Slot::new(1).unwrap(),
        profile,
        root: RootSource::Folder("/".into()),
        backend: BackendKind::Runc,
        ordered_at_ms: 0,
    };
    Wish::plain("x".parse().unwrap()).order(terms).unwrap()
}

fn value<'a>(argv: &'a [String], name: &str) -> Option<&'a str> {
    let at = argv.iter().position(|word| word == name)?;
    argv.get(at + 1).map(String::as_str)
}

#[test]
fn a_bridge_watches_the_desktops_own_output_and_no_token_is_on_its_command_line() {
    let argv = arguments(&order("weston"), "10.0.2.2:15937", Some(3));
    assert_eq!(value(&argv, "--source"), Some("scanout"));
    assert_eq!(value(&argv, "--scanout"), Some("3"));
    assert_eq!(value(&argv, "--export"), Some("10.0.2.2:15937"));
    assert_eq!(value(&argv, "--listen"), Some("unix:/run/lunette/bridge/http.sock"));
    assert_eq!(value(&argv, "--token-file"), Some("/dev/stdin"));
    assert_eq!(value(&argv, "--allowed-host"), Some("d-1.localhost"));
}

#[test]
fn a_desktop_without_an_output_has_a_bridge_with_a_picture_all_the_same() {
    let argv = arguments(&order("headless"), "10.0.2.2:15937", None);
    assert_eq!(value(&argv, "--source"), Some("pattern"));
    assert_eq!(value(&argv, "--export"), None);
}

#[test]
fn a_bridge_finds_the_session_that_it_is_not_started_by() {
    let gnome = environment(&order("mutter"));
    assert_eq!(gnome["DBUS_SESSION_BUS_ADDRESS"], "unix:path=/run/user/1000/bus");
    assert_eq!(gnome["WAYLAND_DISPLAY"], "wayland-0");
    assert_eq!(gnome["XDG_CURRENT_DESKTOP"], "GNOME");
    assert!(!environment(&order("wlroots")).contains_key("XDG_CURRENT_DESKTOP"));
}

#[test]
fn one_that_keeps_ending_is_started_ever_more_seldom() {
    let mut patience = Patience::new();
    let pauses: Vec<u128> = (0..9).map(|_| patience.after(Duration::from_secs(1)).as_millis()).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    assert_eq!(patience.after(STEADY), PAUSES.0);
}

#[test]
fn a_program_that_is_not_there_is_named() {
    assert!(program(Some(Path::new("/no/bridge"))).unwrap_err().contains("/no/bridge"));
}

#[tokio::test]
async fn a_flood_is_cut_into_pieces_and_kept_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bridge.log");
    let log = Mutex::new(LogFile::open(path.clone(), 100_000).unwrap());
    let mut said = b"listening http=unix:/x\n".to_vec();
    said.resize(1_000_000, b'a');
    let output: Output = Box::pin(std::io::Cursor::new(said));
    let listened = std::cell::Cell::new(0);
    hear(Some(output), &log, || listened.set(listened.get() + 1)).await;
    assert_eq!(listened.get(), 1);
    let sizes: Vec<u64> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size < 110_000), "{sizes:?}");
}
