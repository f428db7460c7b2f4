//! The kernel's devices: a virtio-gpu that exports buffers, and vsock. Machines of the tests have them.

use std::path::{Path, PathBuf};

use gst::prelude::*;
use gst_video::VideoFormat;
use lunette_frame::Size;
use lunette_sys_kms::{Card, Framebuffer};

use crate::support::{Encoder, FakeHost, Habit, Host, Painter, decoded, of_descriptor};

/// Its rows end where a multiple of 64 bytes does, so that no device puts a gap behind them.
const SIZE: Size = Size::new(320, 192);
/// The machine itself, by vsock.
const LOCAL_CID: u32 = 1;
const PORT: u32 = 15937;

fn not_run(what: &str, why: &str) {
    println!("NOT RUN: {what}: {why}");
}

/// A virtio-gpu, if this machine has one.
fn gpu() -> Option<Card> {
    let cards: Vec<PathBuf> = (0..8).map(|number| format!("/dev/dri/card{number}").into()).collect();
    let open = |path: &PathBuf| Card::open(path).ok();
    let found = cards.iter().filter_map(open).find(|card| card.driver().is_ok_and(|name| name == "virtio_gpu"));
    if found.is_none() {
        not_run("DMA-BUFs of a device", "this machine has no virtio-gpu; vm-tests runs this in one that has");
    }
    found
}

/// Buffers of a device with pictures in them, as GStreamer passes them on.
struct Exporter {
    painter: Painter,
    buffers: Vec<Framebuffer>,
}

impl Exporter {
    fn new(card: &Card, count: usize) -> Self {
        gst::init().expect("GStreamer starts");
        let buffers = (0..count).map(|_| card.create_framebuffer(SIZE).expect("memory of the device"));
        Self { painter: Painter::new(VideoFormat::Bgrx, SIZE), buffers: buffers.collect() }
    }

    /// Picture `number`, in the next of the buffers.
    fn picture(&mut self, number: u32) -> gst::Buffer {
        let painted = self.painter.picture(number);
        let bytes = painted.map_readable().expect("memory");
        let count = self.buffers.len();
        let device = &mut self.buffers[number as usize % count];
        assert_eq!(device.stride() * SIZE.height as usize, bytes.len(), "rows without gaps");
        device.pixels_mut()[..bytes.len()].copy_from_slice(&bytes);
        let exported = device.dma_buf().expect("the device exports its memory");
        of_descriptor(exported, bytes.len(), painted.pts())
    }
}

#[test]
fn a_buffer_of_a_device_is_named_to_the_host_by_its_resource() {
    let Some(card) = gpu() else { return };
    let host = FakeHost::start(Habit::Legacy);
    let mut exporter = Exporter::new(&card, 2);
    let mut encoder = Encoder::to(host.tcp);
    encoder.harness.set_src_caps(exporter.painter.dma_buf_caps());
    for number in 0..4 {
        encoder.push(exporter.picture(number));
    }
    assert_eq!(encoder.finish().len(), 4);
    let requests = host.requests();
    assert!(requests.iter().all(|request| request.pixels.is_none()), "no pixels travel");
    let resources: Vec<_> = requests.iter().map(|request| request.resource.expect("named")).collect();
    assert_eq!(resources.len(), 4);
    assert_ne!(resources[0], resources[1], "two buffers are two resources");
    assert_eq!((resources[0], resources[1]), (resources[2], resources[3]), "a buffer stays the resource that it is");
    assert_eq!(encoder.messages(gst::MessageType::Warning).len(), 0);
}

#[test]
fn a_host_that_cannot_use_a_resource_gets_pixels_and_that_is_said_once() {
    let Some(card) = gpu() else { return };
    let host = Host::start();
    let mut exporter = Exporter::new(&card, 2);
    let mut encoder = Encoder::to(host.tcp);
    encoder.harness.set_src_caps(exporter.painter.dma_buf_caps());
    for number in 0..4 {
        encoder.push(exporter.picture(number));
    }
    let numbers: Vec<_> = decoded(&encoder.finish()).into_iter().map(|(number, _)| number).collect();
    // The one that was refused comes as pixels, unless the next was there before the refusal.
    assert!(numbers == [0, 1, 2, 3] || numbers == [1, 2, 3], "{numbers:?}");
    assert_eq!(encoder.messages(gst::MessageType::Warning).len(), 1);
}

#[test]
fn pictures_travel_over_vsock() {
    // The transport to the machine itself, which most kernels have as a module.
    if !Path::new("/sys/module/vsock_loopback").exists() {
        not_run("pictures over vsock", "the module vsock_loopback is not loaded; vm-tests runs this where it is");
        return;
    }
    let _host = Host::start_also_at(&["--vsock", &PORT.to_string()]);
    let painter = Painter::new(VideoFormat::Bgrx, SIZE);
    let mut encoder = Encoder::bare(|element| {
        element.set_property("cid", LOCAL_CID);
        element.set_property("port", PORT);
    });
    encoder.expect(&painter);
    for number in 0..4 {
        encoder.push(painter.picture(number));
    }
    let numbers: Vec<_> = decoded(&encoder.finish()).into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [0, 1, 2, 3]);
}
