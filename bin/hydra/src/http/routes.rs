//! Every operation, once: its route, its handler, and what the API's description says about it.

use std::sync::Arc;

use axum::routing::{MethodRouter, delete, get, post, put};

use super::App;
use super::{bridged, desktops, execs, files, logs, openapi, system};

/// One operation.
pub(super) struct Operation {
    pub(super) method: &'static str,
    pub(super) path: &'static str,
    pub(super) summary: &'static str,
    /// Names behind the question mark, with what they mean.
    pub(super) switches: &'static [(&'static str, &'static str)],
    /// What comes as a body.
    pub(super) body: Body,
    /// What is answered when it works.
    pub(super) answers: &'static [(u16, Body)],
    /// What may go wrong besides a bad request.
    pub(super) refusals: &'static [u16],
    pub(super) handler: fn() -> MethodRouter<Arc<App>>,
}

/// A kind of body.
#[derive(Debug, Clone, Copy)]
pub(super) enum Body {
    None,
    /// A schema by name.
    Json(&'static str),
    /// Several of it.
    List(&'static str),
    Text,
    Events,
    Bytes,
    Lines,
}

const WAIT: (&str, &str) = ("wait", "seconds to wait until the desktop runs or has ended");
const PATH: (&str, &str) = ("path", "absolute path inside of the desktop");
const SUDO: (&str, &str) = ("sudo", "1: as the container's root instead of the desktop's user");

macro_rules! at {
    () => {
        "/api/v1/dev-containers/{id}"
    };
    ($rest:literal) => {
        concat!("/api/v1/dev-containers/{id}", $rest)
    };
}

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        summary: "Whether hydra answers",
        answers: &[(200, Body::Json("Health"))],
        handler: || get(system::health),
        ..GET_AT("/health")
    },
    Operation {
        summary: "Which hydra answers",
        answers: &[(200, Body::Json("Version"))],
        handler: || get(system::version),
        ..GET_AT("/version")
    },
    Operation {
        summary: "What the machine has and uses",
        answers: &[(200, Body::Json("System"))],
        handler: || get(system::stats),
        ..GET_AT("/system/stats")
    },
    Operation {
        summary: "This description",
        answers: &[(200, Body::Json("Anything"))],
        handler: || get(openapi::serve),
        ..GET_AT("/openapi.json")
    },
    Operation {
        summary: "What desktops can be made of",
        answers: &[(200, Body::List("Profile"))],
        refusals: &[503],
        handler: || get(system::profiles),
        ..GET_AT("/api/v1/profiles")
    },
    Operation {
        summary: "End every desktop",
        answers: &[(204, Body::None)],
        refusals: &[503],
        handler: || post(desktops::drain),
        ..POST_AT("/api/v1/drain")
    },
    Operation {
        summary: "All desktops, those that are over among them",
        answers: &[(200, Body::List("Desktop"))],
        handler: || get(desktops::list),
        ..GET_AT("/api/v1/dev-containers")
    },
    Operation {
        summary: "Make a desktop; one that is there already is answered as it is",
        switches: &[WAIT],
        body: Body::Json("Create"),
        answers: &[(201, Body::Json("Desktop")), (200, Body::Json("Desktop"))],
        refusals: &[408, 409, 413, 422, 503, 507],
        handler: || post(desktops::create),
        ..POST_AT("/api/v1/dev-containers")
    },
    Operation {
        summary: "One desktop",
        switches: &[WAIT],
        answers: &[(200, Body::Json("Desktop"))],
        refusals: &[404],
        handler: || get(desktops::show),
        ..GET_AT(at!())
    },
    Operation {
        method: "delete",
        summary: "End a desktop and forget it; one that is not there is gone already",
        answers: &[(200, Body::Json("Gone"))],
        refusals: &[503],
        handler: || delete(desktops::remove),
        ..GET_AT(at!())
    },
    Operation {
        summary: "Another size",
        body: Body::Json("Resize"),
        answers: &[(200, Body::Json("Desktop"))],
        refusals: &[404, 408, 409, 413, 422],
        handler: || post(desktops::resize),
        ..POST_AT(at!("/resize"))
    },
    Operation {
        summary: "Keys, pointer and touch: one JSON object per line",
        body: Body::Lines,
        answers: &[(204, Body::None)],
        refusals: &[404, 408, 409, 413, 503],
        handler: || post(desktops::input),
        ..POST_AT(at!("/input"))
    },
    Operation {
        summary: "What the desktop's programs, or its launcher, print",
        switches: &[
            ("follow", "1: go on until the desktop is over"),
            ("bytes", "so many from the end; 1048576 otherwise"),
            ("of", "desktop, launcher or bridge"),
        ],
        answers: &[(200, Body::Text)],
        refusals: &[404, 503],
        handler: || get(logs::logs),
        ..GET_AT(at!("/logs"))
    },
    Operation {
        summary: "What the desktop uses",
        answers: &[(200, Body::Json("Usage"))],
        refusals: &[404, 409, 503],
        handler: || get(system::usage),
        ..GET_AT(at!("/stats"))
    },
    Operation {
        summary: "The same, under the name that existing clients know",
        answers: &[(200, Body::Json("Usage"))],
        refusals: &[404, 409, 503],
        handler: || get(system::usage),
        ..GET_AT(at!("/blkio"))
    },
    Operation {
        summary: "Who watches the desktop; empty while its bridge does not answer",
        answers: &[(200, Body::Json("Anything"))],
        refusals: &[404],
        handler: || get(bridged::known),
        ..GET_AT(at!("/clients"))
    },
    Operation {
        summary: "How its video goes; empty while its bridge does not answer",
        answers: &[(200, Body::Json("Anything"))],
        refusals: &[404],
        handler: || get(bridged::known),
        ..GET_AT(at!("/video/stats"))
    },
    Operation {
        summary: "The desktop's picture, by its bridge, whose description names the switches",
        handler: || get(bridged::same),
        ..BRIDGED(at!("/screenshot"))
    },
    Operation {
        summary: "What is in the desktop's clipboard, by its bridge",
        handler: || get(bridged::same),
        ..BRIDGED(at!("/clipboard"))
    },
    Operation {
        method: "post",
        summary: "Put something into the desktop's clipboard, by its bridge",
        body: Body::Bytes,
        handler: || post(bridged::same),
        ..BRIDGED(at!("/clipboard"))
    },
    Operation {
        method: "post",
        summary: "Bring a file into the desktop, by its bridge",
        body: Body::Bytes,
        handler: || post(bridged::same),
        ..BRIDGED(at!("/upload"))
    },
    Operation {
        summary: "A file that was brought into the desktop, by its bridge",
        handler: || get(bridged::same),
        ..BRIDGED(at!("/file"))
    },
    Operation {
        summary: "A WebSocket: the desktop's pictures, and its use, by its bridge",
        answers: &[(101, Body::None), (200, Body::Bytes)],
        handler: || get(bridged::same),
        ..BRIDGED(at!("/ws/stream"))
    },
    Operation {
        summary: "A WebSocket: the desktop's use alone, by its bridge",
        answers: &[(101, Body::None), (200, Body::Bytes)],
        handler: || get(bridged::same),
        ..BRIDGED(at!("/ws/input"))
    },
    Operation {
        summary: "Anything that the desktop's bridge answers; its port is 9876",
        handler: || get(bridged::by_port),
        ..BRIDGED(at!("/proxy/{port}/{*rest}"))
    },
    Operation {
        method: "post",
        summary: "The same",
        body: Body::Bytes,
        handler: || post(bridged::by_port),
        ..BRIDGED(at!("/proxy/{port}/{*rest}"))
    },
    Operation {
        summary: "Run a program; in the foreground the answer comes at its end",
        body: Body::Json("ExecRequest"),
        answers: &[(200, Body::Json("Exec"))],
        refusals: &[404, 408, 409, 413, 422, 503],
        handler: || post(execs::start),
        ..POST_AT(at!("/exec"))
    },
    Operation {
        summary: "Programs that were run, up to 64",
        answers: &[(200, Body::List("Exec"))],
        refusals: &[404],
        handler: || get(execs::list),
        ..GET_AT(at!("/exec"))
    },
    Operation {
        summary: "One program",
        answers: &[(200, Body::Json("Exec"))],
        refusals: &[404],
        handler: || get(execs::show),
        ..GET_AT(at!("/exec/{exec}"))
    },
    Operation {
        summary: "Send it a signal",
        switches: &[("signal", "a name or a number; TERM otherwise")],
        answers: &[(204, Body::None)],
        refusals: &[404],
        handler: || post(execs::kill),
        ..POST_AT(at!("/exec/{exec}/kill"))
    },
    Operation {
        summary: "What it prints: events stdout, stderr and end, the data of each a JSON string",
        switches: &[("stream", "stdout, stderr or both"), ("follow", "1: go on until it ends")],
        answers: &[(200, Body::Events)],
        refusals: &[404, 503],
        handler: || get(execs::logs),
        ..GET_AT(at!("/exec/{exec}/logs"))
    },
    Operation {
        summary: "Forget the programs that have ended",
        answers: &[(204, Body::None)],
        refusals: &[404],
        handler: || post(execs::forget),
        ..POST_AT(at!("/forget"))
    },
    Operation {
        summary: "A file",
        switches: &[PATH, SUDO],
        answers: &[(200, Body::Bytes)],
        refusals: &[403, 404, 409, 503],
        handler: || get(files::get),
        ..GET_AT(at!("/files"))
    },
    Operation {
        method: "put",
        summary: "Write a file; folders above it are made, and it is there only when it is whole",
        switches: &[PATH, SUDO, ("mode", "octal; 0644 otherwise")],
        body: Body::Bytes,
        answers: &[(204, Body::None)],
        refusals: &[403, 404, 408, 409, 413, 503],
        handler: || put(files::put),
        ..GET_AT(at!("/files"))
    },
    Operation {
        method: "delete",
        summary: "Remove a file",
        switches: &[PATH, SUDO, ("recursive", "1: a folder and all in it")],
        answers: &[(204, Body::None)],
        refusals: &[403, 404, 409, 503],
        handler: || delete(files::delete),
        ..GET_AT(at!("/files"))
    },
    Operation {
        summary: "The files of a folder",
        switches: &[("path", "absolute path inside of the desktop; /home/user otherwise"), SUDO],
        answers: &[(200, Body::Json("Listing"))],
        refusals: &[403, 404, 409, 503],
        handler: || get(files::list),
        ..GET_AT(at!("/files/list"))
    },
];

#[expect(non_snake_case, reason = "a constant with a parameter")]
const fn GET_AT(path: &'static str) -> Operation {
    Operation {
        method: "get",
        path,
        summary: "",
        switches: &[],
        body: Body::None,
        answers: &[],
        refusals: &[],
        handler: MethodRouter::new,
    }
}

#[expect(non_snake_case, reason = "as above")]
const fn BRIDGED(path: &'static str) -> Operation {
    Operation { answers: &[(200, Body::Bytes)], refusals: &[404, 502, 503], ..GET_AT(path) }
}

#[expect(non_snake_case, reason = "as above")]
const fn POST_AT(path: &'static str) -> Operation {
    Operation { method: "post", ..GET_AT(path) }
}
