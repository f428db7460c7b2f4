//! What a virtual machine's scanouts say about themselves, watched or not.

use std::fmt::Display;

use lunette_capture::qemu_dbus::ScanoutState;

use super::Exposition;

/// Writes the families of a machine that is reached or not.
pub(crate) fn expose(connected: bool, scanouts: &[ScanoutState], text: &mut Exposition) {
    text.family("frame_export_machine_connected", "gauge", "1 while the machine's display is reached.");
    text.sample("frame_export_machine_connected", &[], u8::from(connected));
    type Pick = fn(&ScanoutState) -> Option<f64>;
    #[expect(clippy::cast_precision_loss, reason = "counters stay below 2^53")]
    let families: [(&str, &str, &str, Pick); 9] = [
        ("last_frame", "counter", "Number of the machine's last update.", |s| Some(s.last_number as f64)),
        ("last_frame_age_seconds", "gauge", "Time since the machine's last update; none before the first.", |s| {
            s.age.map(|age| age.as_secs_f64())
        }),
        ("broken", "gauge", "1 while the machine's picture cannot be captured.", |s| {
            Some(f64::from(u8::from(s.fault.is_some())))
        }),
        ("sources", "gauge", "Pipelines that capture it.", |s| Some(s.sources as f64)),
        ("cursor_changes_total", "counter", "Times that the pointer moved or changed.", |s| {
            Some(s.cursor_changes as f64)
        }),
        ("mapped_updates_total", "counter", "Updates through shared memory.", |s| Some(s.mapped as f64)),
        ("plain_updates_total", "counter", "Updates whose pixels came as messages.", |s| Some(s.plain as f64)),
        ("registrations_total", "counter", "Times that a listener was registered.", |s| Some(s.registrations as f64)),
        ("stalls_total", "counter", "Times that a listener was dropped for being slow.", |s| Some(s.stalls as f64)),
    ];
    for (name, kind, help, pick) in families {
        let name = format!("frame_export_scanout_{name}");
        text.family(&name, kind, help);
        for state in scanouts {
            if let Some(value) = pick(state) {
                text.sample(&name, &[("scanout", &state.id)], value);
            }
        }
    }
    expose_answers(scanouts, text);
}

fn expose_answers(scanouts: &[ScanoutState], text: &mut Exposition) {
    let name = "frame_export_scanout_answer_seconds";
    text.family(name, "gauge", "Within what time half, or 99 of 100, of QEMU's calls were answered.");
    for state in scanouts {
        for (quantile, time) in [("0.5", state.answered_p50), ("0.99", state.answered_p99)] {
            let labels: [(&str, &dyn Display); 2] = [("scanout", &state.id), ("quantile", &quantile)];
            text.sample(name, &labels, time.as_secs_f64());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lunette_capture::qemu_dbus::Fault;
    use lunette_frame::{ScanoutId, Size};

    use super::*;

    fn state(id: u16) -> ScanoutState {
        ScanoutState {
            id: ScanoutId::new(id),
            last_number: 7,
            age: Some(Duration::from_millis(250)),
            shown: Some(Size::new(640, 480)),
            fault: None,
            sources: 2,
            cursor_changes: 3,
            mapped: 5,
            plain: 2,
            registrations: 1,
            stalls: 0,
            answered_p50: Duration::from_micros(80),
            answered_p99: Duration::from_millis(1),
        }
    }

    #[test]
    fn a_scanout_that_nobody_watches_tells_of_its_last_frame() {
        let dark = ScanoutState { age: None, fault: Some(Fault::Dmabuf), ..state(2) };
        let mut text = Exposition::default();
        expose(true, &[state(1), dark], &mut text);
        let text = text.finish();
        for line in [
            "frame_export_machine_connected 1",
            "frame_export_scanout_last_frame{scanout=\"1\"} 7",
            "frame_export_scanout_last_frame_age_seconds{scanout=\"1\"} 0.25",
            "frame_export_scanout_cursor_changes_total{scanout=\"2\"} 3",
            "frame_export_scanout_broken{scanout=\"2\"} 1",
            "frame_export_scanout_answer_seconds{scanout=\"1\",quantile=\"0.99\"} 0.001",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}: {text}");
        }
        assert!(!text.contains("age_seconds{scanout=\"2\"}"), "{text}");
    }
}
