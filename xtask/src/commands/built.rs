//! Options for what was built elsewhere.

use std::path::{Path, PathBuf};

use clap::Args;
use gridbid_devkit::context::Context;
use gridbid_devkit::failure::{Failure, OnFile as _};
use gridbid_release_format::Profile;

/// What was built elsewhere.
#[derive(Args)]
pub struct Built {
    /// A folder of zips with a functions.json; no function is built
    #[arg(long)]
    functions: Option<PathBuf>,
    /// The delivery binary
    #[arg(long)]
    gridbid: Option<PathBuf>,
    /// The simulators binary
    #[arg(long)]
    simulators: Option<PathBuf>,
    /// The folder of the built console
    #[arg(long)]
    console: Option<PathBuf>,
    /// Compile the functions as for production, which takes minutes longer
    #[arg(long, conflicts_with = "functions")]
    release: bool,
}

impl Built {
    /// The context with what was built elsewhere.
    ///
    /// # Errors
    /// When a file or folder does not exist.
    pub fn apply(self, context: &Context) -> Result<Context, Failure> {
        let Self { functions, gridbid, simulators, console, release } = self;
        let mut layout = context.layout.clone();
        if release {
            layout = layout.with_profile(Profile::Release);
        }
        if let Some(folder) = functions {
            layout = layout.with_functions(with_manifest(&folder)?);
        }
        let find = |file: PathBuf| file.canonicalize().on_file("find", &file);
        let layout = layout.with_programs(gridbid.map(find).transpose()?, simulators.map(find).transpose()?);
        Ok(context.with_layout(layout.with_console(console.map(find).transpose()?)))
    }
}

/// The absolute path of a folder with a manifest.
fn with_manifest(folder: &Path) -> Result<PathBuf, Failure> {
    let missing = |_| {
        Failure::new(format!("`{}` has no functions.json", folder.display()))
            .with_hint("name a folder of zips as `cargo xtask package` makes one")
    };
    folder.join("functions.json").canonicalize().map_err(missing).map(|file| file.with_file_name(""))
}
