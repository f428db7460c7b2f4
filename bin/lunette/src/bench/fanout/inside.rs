//! The server's parts in threads of this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use frame_export::backend::Backend;
use frame_export::config::EncoderSettings;
use frame_export::metrics::Exposition;
use lunette_capture::pattern::{PatternConfig, PatternScreens};
use lunette_net::{Endpoint, Limits, Listener, Server};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::FanoutArgs;
use crate::bench::args::CodingArgs;
use crate::bench::clock::{process_cpu, thread_cpu};
use crate::bench::screen::Pace;

/// A running server; dropping it ends its connections and its pipeline.
pub(super) struct Inside {
    backend: Arc<Backend>,
    address: SocketAddr,
    // Ended by `stop` and then by its own drop.
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
}

impl Inside {
    pub(super) fn start(args: &FanoutArgs) -> Result<Self> {
        let coding = &args.coding;
        let screens = PatternConfig { kind: args.kind, scanouts: 1, size: coding.size, fps: args.fps };
        let screens = PatternScreens::new(screens).context("cannot paint such a screen")?;
        let max_bitrate = coding.max_bitrate_or(CodingArgs::SERVED);
        let settings = EncoderSettings {
            choice: args.encoder.clone(),
            quality: coding.quality,
            max_bitrate,
            fps: Pace(args.fps).planned()?,
            threads: coding.threads,
        };
        lunette_encode::open(&args.encoder, &coding.encoder_config(settings.fps, max_bitrate))
            .context("cannot encode")?;
        let backend = Arc::new(Backend::new(Arc::new(screens), &settings, lunette_session::Limits::default()));
        let runtime = Builder::new_multi_thread().enable_all().thread_name("sockets").build()?;
        let anywhere = Endpoint::Tcp(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let listener = runtime.block_on(Listener::bind(&anywhere))?;
        let Endpoint::Tcp(address) = *listener.endpoint() else { unreachable!("bound to TCP") };
        let (stop, stopped) = watch::channel(false);
        let server = Server::new(Arc::clone(&backend), Limits::default());
        runtime.spawn(async move { server.run(vec![listener], &stopped).await });
        Ok(Self { backend, address, runtime: Some(runtime), stop })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What is not this thread's, which is the subscribers'.
    pub(super) fn cpu(&self) -> Duration {
        process_cpu().saturating_sub(thread_cpu())
    }

    pub(super) fn metrics(&self) -> String {
        let mut text = Exposition::default();
        self.backend.streams().expose(lunette_capture::now(), &mut text);
        text.finish()
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        self.backend.streams().stop();
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}
