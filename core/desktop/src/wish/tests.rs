use std::path::PathBuf;

use super::*;

const PROFILE: &str =
    "name = 'light'\nsummary = ''\n[compositor]\nkind = 'wlroots'\ncommand = ['labwc']\n[limits]\npids = 300\n";

fn ordered(wish: &str) -> Result<Order, String> {
    let wish: Wish = serde_json::from_str(wish).map_err(|error| error.to_string())?;
    let terms = Terms {
        id: "a".parse().unwrap(),
        slot: Slot::new(3).unwrap(),
        profile: Profile::parse(PROFILE).unwrap(),
        root: RootSource::Folder(PathBuf::from("/roots/light")),
        backend: BackendKind::Runc,
        ordered_at_ms: 7,
    };
    wish.order(terms).map_err(|error| error.to_string())
}

#[test]
fn the_least_wish_gets_the_profiles_limits_and_our_defaults() {
    let order = ordered(r#"{"profile":"light"}"#).unwrap();
    assert_eq!((order.limits.pids, order.limits.memory_mib), (300, Limits::default().memory_mib));
    assert_eq!((order.name.as_str(), order.locale.as_str(), order.gpu_vendor.as_str()), ("a", "C.UTF-8", "virtio"));
    assert_eq!(order.size, Size { width: 1280, height: 720 });
}

#[test]
fn one_limit_changes_only_itself() {
    let order = ordered(r#"{"profile":"light","limits":{"memory_mib":512}}"#).unwrap();
    assert_eq!((order.limits.pids, order.limits.memory_mib), (300, 512));
}

#[test]
fn unknown_fields_are_refused_by_their_name() {
    assert!(ordered(r#"{"profile":"light","privileged":true}"#).unwrap_err().contains("privileged"));
    assert!(ordered(r#"{"profile":"light","limits":{"ram":1}}"#).unwrap_err().contains("ram"));
}

#[test]
fn what_could_hurt_is_refused_by_its_field() {
    for (wish, field) in [
        (r#""size":"1x1""#, "size"),
        (r#""size":"9000x9000""#, "size"),
        (r#""name":"a\nb""#, "name"),
        (r#""locale":"de DE; rm""#, "locale"),
        (r#""keyboard":{"layout":"de\"x"}"#, "keyboard.layout"),
        (r#""gpu_vendor":"../nvidia""#, "gpu_vendor"),
        (r#""environment":{"A=B":"c"}"#, "environment"),
        (r#""environment":{"A":"\u0000"}"#, "environment"),
        (r#""restart":{"when":"on-failure","times":1000}"#, "restart"),
        (r#""mounts":[{"source":"etc","destination":"/x"}]"#, "mounts.source"),
        (r#""mounts":[{"source":"/etc","destination":"/a/../proc"}]"#, "mounts.destination"),
        (r#""mounts":[{"source":"/etc","destination":"/proc/x"}]"#, "mounts.destination"),
        (r#""mounts":[{"source":"/etc","destination":"/run"}]"#, "mounts.destination"),
        (r#""mounts":[{"source":"/etc","destination":"/"}]"#, "mounts.destination"),
        (r#""limits":{"pids":1}"#, "limits"),
    ] {
        let error = ordered(&format!(r#"{{"profile":"light",{wish}}}"#)).unwrap_err();
        assert!(error.starts_with(field), "{wish}: {error}");
    }
}
