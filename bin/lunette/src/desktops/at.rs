//! Which control plane.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::api::Api;
use crate::up::{StateDir, known};

/// Which control plane, and by which token.
#[derive(Debug, Clone, Args)]
pub(crate) struct At {
    #[command(flatten)]
    state: StateDir,
    /// A control plane elsewhere, instead of that of `lunette up` here
    #[arg(long, value_name = "URL", requires = "token_file", env = "LUNETTE_URL")]
    url: Option<String>,
    /// A file with a token for that
    #[arg(long, value_name = "FILE", env = "LUNETTE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// A certificate to trust for that, as PEM
    #[arg(long, value_name = "FILE", requires = "url", env = "LUNETTE_CERTIFICATE")]
    certificate: Option<PathBuf>,
}

impl At {
    /// The way there.
    pub(crate) fn api(&self) -> Result<Api> {
        let token = |path: &PathBuf| {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
            text.map(|text| text.trim().to_owned())
        };
        if let (Some(url), Some(file)) = (&self.url, &self.token_file) {
            return Api::new(url, &token(file)?, self.certificate.clone());
        }
        let folder = self.state.path()?;
        let known = known(&folder).filter(|known| !known.url.is_empty());
        let known = known.with_context(|| format!("nothing runs in {}: `lunette up` starts it", folder.display()))?;
        let api = Api::of(&known.url, &folder)?;
        match &self.token_file {
            Some(file) => Api::new(api.url(), &token(file)?, api.certificate().map(PathBuf::from)),
            None => Ok(api),
        }
    }

    /// The desktop of this id, or the only one there is.
    pub(crate) fn desktop(api: &Api, id: Option<&str>) -> Result<String> {
        if let Some(id) = id {
            return Ok(id.to_owned());
        }
        let list = api.get("/api/v1/desktops?state=running")?;
        let ids: Vec<&str> = list.as_array().into_iter().flatten().filter_map(|one| one["id"].as_str()).collect();
        ensure!(ids.len() == 1, "which desktop? {} run: {}", ids.len(), ids.join(", "));
        Ok(ids[0].to_owned())
    }
}
