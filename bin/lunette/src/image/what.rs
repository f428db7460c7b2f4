//! What a person calls an image.

use std::path::Path;
use std::str::FromStr;

use anyhow::Result;
use lunette_image::{ImageName, ProfileFile, Recipe};

/// What a machine boots, or what desktops begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    /// `test` or `desktop`.
    Image(ImageName),
    /// Anything else.
    Profile(Profile),
}

/// A profile by its name, or by its file's path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile(pub(crate) String);

impl FromStr for What {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let image = [ImageName::Test, ImageName::Desktop].into_iter().find(|image| image.as_str() == text);
        Ok(image.map_or_else(|| Self::Profile(Profile(text.to_owned())), Self::Image))
    }
}

impl FromStr for Profile {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl Profile {
    /// Reads it: a name from beside the recipe, a path from there.
    pub(crate) fn read(&self, recipe: &Recipe) -> Result<ProfileFile> {
        let path = Path::new(&self.0);
        let is_path = self.0.contains('/') || path.extension().is_some_and(|extension| extension == "toml");
        Ok(if is_path { ProfileFile::in_file(path)? } else { recipe.profile(&self.0)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_image_is_a_profile() {
        let what = |text: &str| text.parse::<What>().unwrap();
        assert_eq!(what("desktop"), What::Image(ImageName::Desktop));
        assert_eq!(what("light"), What::Profile(Profile("light".to_owned())));
    }

    #[test]
    fn a_path_is_told_from_a_name() {
        let recipe = Recipe::embedded().unwrap();
        let error = |text: &str| format!("{:#}", Profile(text.to_owned()).read(&recipe).unwrap_err());
        assert!(error("none").contains("weston"), "{}", error("none"));
        assert!(error("./none").contains("cannot read ./none"), "{}", error("./none"));
        assert!(error("none.toml").contains("cannot read none.toml"), "{}", error("none.toml"));
    }
}
