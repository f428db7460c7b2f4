//! The GStreamer element inside a guest, beside a virtio-gpu and vsock.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use lunette_test_programs::Wanted;
use lunette_vm::{Access, Share};

use crate::support::machine_with;

/// GStreamer comes to the guest from this machine, and is loaded by a processor that is emulated.
const LIMIT: Duration = Duration::from_secs(240);
/// The elements that a test of ours decodes with.
const PLUGINS: [&str; 4] = ["libgstapp.so", "libgstcoreelements.so", "libgstvideoparsersbad.so", "libgstopenh264.so"];
const LIBRARIES: &str = "/tmp/libraries";
const TESTS: &str = "/tmp/tests";
/// frame-export, there.
const HOST: &str = "/tmp/frame-export";

fn share(tag: &str, path: &Path) -> Share {
    Share { tag: tag.parse().expect("a label"), path: path.to_owned(), access: Access::ReadOnly }
}

/// Where this machine has its libraries, if it has GStreamer.
fn libraries() -> Option<PathBuf> {
    let asked = Command::new("pkg-config").args(["--variable=libdir", "gstreamer-1.0"]).output().ok()?;
    let text = String::from_utf8(asked.stdout).ok()?;
    asked.status.success().then(|| text.trim().into())
}

#[test]
fn the_element_names_buffers_of_a_device_and_reaches_its_host_by_vsock() {
    let test = Wanted::PROGRAMS.build_test("gst-vsockenc", "element");
    let Some((test, libraries)) = test.zip(libraries()) else {
        println!("NOT RUN: vm-tests element: it was built without the feature gst-vsockenc/plugin");
        return;
    };
    let programs = test.ancestors().nth(2).expect("tests are built into deps");
    let shares = vec![share("libraries", &libraries), share("tests", programs)];
    let Some(machine) = machine_with("element", shares) else { return };
    let guest = machine.lab.guest();
    let options = "trans=virtio,version=9p2000.L,msize=524288";
    for (tag, place) in [("libraries", LIBRARIES), ("tests", TESTS)] {
        guest.run(&format!("mkdir {place} && mount -t 9p -o {options} {tag} {place}")).expect("shared");
    }
    let plugins = PLUGINS.map(|name| format!("{LIBRARIES}/gstreamer-1.0/{name}")).join(" ");
    guest.run(&format!("mkdir /tmp/plugins && ln -s {plugins} /tmp/plugins")).expect("linked");

    // Each program by the loader that the libraries belong to.
    let load = format!("{LIBRARIES}/ld-linux-*.so.* --library-path {LIBRARIES} {TESTS}");
    let host = format!("#!/bin/sh\nexec {load}/frame-export \"$@\"");
    guest.run(&format!("echo '{host}' >{HOST} && chmod +x {HOST}")).expect("written");

    let test = test.strip_prefix(programs).expect("inside").display();
    let command = format!(
        "GST_PLUGIN_SYSTEM_PATH=/tmp/plugins GST_REGISTRY=/tmp/registry GST_REGISTRY_FORK=no \
         LUNETTE_FRAME_EXPORT={HOST} {load}/{test} --nocapture --test-threads 1 device::"
    );
    let finished = guest.try_run(&command, LIMIT).expect("the tests end");
    println!("{}", finished.output);
    assert_eq!(finished.status, 0, "{}", finished.output);
    assert!(finished.output.contains("3 passed"), "{}", finished.output);
    // With a word of its own, since this test's output is searched for what was not run.
    assert!(!finished.output.contains("NOT RUN"), "the guest has what these tests need");
}
