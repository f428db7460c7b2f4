//! What a person reads.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use lunette_vm::Accelerator;

use super::address::from_here;
use super::output::Output;
use crate::lab::{Lab, StartTimes};

/// The parts of the time to the first picture.
#[derive(Debug)]
pub(super) struct Parts {
    /// All time spent on the image.
    pub(super) image: Duration,
    pub(super) start: StartTimes,
    pub(super) lease: Duration,
    pub(super) picture: Duration,
}

/// Where things of a running demo are.
struct Places<'a> {
    watcher: &'a Path,
    streams: SocketAddr,
    metrics: SocketAddr,
    logs: [std::path::PathBuf; 2],
}

/// One output's line.
pub(super) fn shown(output: &Output) -> String {
    let Output { scanout, lease, picture, .. } = output;
    format!("output {scanout}: lease {:.1} s, picture {:.1} s", lease.as_secs_f64(), picture.as_secs_f64())
}

/// How long it took, in total and by parts.
pub(super) fn first_picture(total: Duration, accelerator: Accelerator, parts: &Parts) -> String {
    let Parts { image, start, lease, picture } = parts;
    let rows = [
        ("image".to_owned(), *image),
        (format!("accelerator ({accelerator})"), start.accelerator),
        ("guest's programs".to_owned(), start.programs),
        ("boot".to_owned(), start.boot),
        ("lease".to_owned(), *lease),
        ("picture".to_owned(), *picture),
    ];
    let mut text = format!("\nfirst picture after {:.1} s\n", total.as_secs_f64());
    for (what, time) in rows {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {what:20}{:6.1} s", time.as_secs_f64());
    }
    text
}

/// The commands that watch each output, and where to look when something is wrong.
pub(super) fn how_to_watch(watcher: &Path, outputs: &[Output], lab: &Lab) -> String {
    let paths = lab.vm().paths();
    Places {
        watcher,
        streams: from_here(lab.exporter().address()),
        metrics: lab.exporter().metrics(),
        logs: [paths.console_log(), paths.root().join("frame-export.log")],
    }
    .text(outputs)
}

impl Places<'_> {
    fn text(&self, outputs: &[Output]) -> String {
        let mut text = String::from("\nin another terminal, check what arrives:\n");
        for output in outputs {
            text += &format!("  {} --verify\n", self.watch(output));
        }
        text += "look at it (without a screen: ffmpeg -i out1.h264 -frames:v 1 picture.png):\n";
        for output in outputs {
            let file = format!("out{}.h264", output.scanout);
            text += &format!("  {} --save {file} && ffplay {file}\n", self.watch(output));
        }
        let [console, exporter] = self.logs.each_ref().map(|log| quoted(log));
        text += &format!("counters           curl -s http://{}/metrics\n", self.metrics);
        text += &format!("guest's console    {console}\nframe-export's log {exporter}\nCtrl-C ends it.\n");
        text
    }

    fn watch(&self, output: &Output) -> String {
        let (watcher, token) = (quoted(self.watcher), quoted(&output.token_file));
        format!("{watcher} {} {} --token-file {token} --seconds 5", self.streams, output.scanout)
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:,@%".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use lunette_frame::ScanoutId;
    use scanout_stream_test::cli::Cli;

    use super::*;

    fn output(token_file: &Path) -> Output {
        let (lease, picture, shown) = (Duration::from_millis(940), Duration::from_millis(120), Duration::from_secs(9));
        Output { scanout: ScanoutId::new(3), token_file: token_file.to_owned(), lease, picture, shown }
    }

    fn text(token_file: &Path) -> String {
        let [streams, metrics] = [15937, 15938].map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        let logs = ["/run/a/console.log", "/run/a/frame-export.log"].map(Into::into);
        Places { watcher: Path::new("/opt/scanout-stream-test"), streams, metrics, logs }.text(&[output(token_file)])
    }

    #[test]
    fn the_commands_are_taken_by_the_program_they_name() {
        let token = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(token.path(), "5a".repeat(32)).unwrap();
        let text = text(token.path());
        let commands: Vec<_> = text.lines().filter(|line| line.contains("scanout-stream-test")).collect();
        assert_eq!(commands.len(), 2, "{text}");
        for command in commands {
            let words = command.split_whitespace().take_while(|word| *word != "&&");
            let plan = <Cli as clap::Parser>::try_parse_from(words).expect(command).plan();
            assert_eq!((plan.scanout, plan.token.is_some()), (ScanoutId::new(3), true));
        }
        assert!(text.contains("http://127.0.0.1:15938/metrics") && text.contains("/run/a/console.log"), "{text}");
    }

    #[test]
    fn the_first_pictures_time_has_all_its_parts() {
        let start = StartTimes { boot: Duration::from_millis(6940), ..StartTimes::default() };
        let second = Duration::from_secs(1);
        let parts = Parts { image: second, start, lease: second, picture: second };
        let text = first_picture(Duration::from_millis(9960), Accelerator::Tcg, &parts);
        assert!(text.starts_with("\nfirst picture after 10.0 s\n"), "{text}");
        assert!(
            text.contains("accelerator (tcg)      0.0 s") && text.contains("boot                   6.9 s"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 8);
    }

    #[test]
    fn an_outputs_line_has_its_times() {
        assert_eq!(shown(&output(Path::new("/t"))), "output 3: lease 0.9 s, picture 0.1 s");
    }

    #[test]
    fn a_path_with_a_space_is_quoted() {
        assert_eq!(quoted(Path::new("/a/b-1.c")), "/a/b-1.c");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
