//! The deploy role on the local cloud: as `terraform/bootstrap` creates it for an environment, and assumed with a token like
//! that of GitHub's job.
//!
//! Without it, deployments act as the account's root.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gridbid_devkit::failure::{Failure, OnFile};
use gridbid_devkit::layout::Layout;
use gridbid_devkit::progress::Step;
use gridbid_devkit::requirements::Tool;
use gridbid_devkit::subprocess::{Subprocess, Variable};
use gridbid_devkit::terraform::{self, Root};
use serde_json::json;

use crate::client::{Cloud, Credentials};
use crate::delivery::{BUCKET, ENVIRONMENT};
use crate::record::Ports;

/// The name of the role.
pub const ROLE: &str = "gridbid-delivery-local";
/// The policy with what only this environment's root needs.
const WEBHOOK_POLICY: &str = "webhook";
const LIMIT: Duration = Duration::from_secs(300);

/// Creates the role and assumes it: from now on, `gridbid` acts under it on this local cloud.
///
/// # Errors
/// When Terraform fails, or the role cannot be assumed.
pub fn install(layout: &Layout, ports: Ports, tool: &Tool, step: &Step) -> Result<(), Failure> {
    let data = layout.terraform_data().join("bootstrap");
    let root = Root { folder: layout.file("terraform/bootstrap"), data: data.join("data"), state: None };
    fs::create_dir_all(&data).on_file("make", &data)?;
    terraform::initialise(layout, tool, &root, step)?;
    let state = data.join("terraform.tfstate");
    Subprocess::new(&tool.path, layout.log("terraform-bootstrap"), LIMIT)
        .inside(&root.folder)
        .args(["apply", "-auto-approve", "-no-color", &format!("-state={}", state.display())])
        // With what it needs: the key, the boundary and a bucket. Its other resources take a minute.
        .args([format!("-target=module.github_trust.module.role[\"{ENVIRONMENT}\"]")])
        .args(["-var=repository=example/gridbid", &format!("-var=environments=[\"{ENVIRONMENT}\"]")])
        .args([format!("-var=destroyable_environments=[\"{ENVIRONMENT}\"]"), format!("-var=artifacts_bucket={BUCKET}")])
        .env(terraform::on_local_cloud(layout, ports.cloud))
        .env([("TF_DATA_DIR", Some(root.data.into_os_string()))])
        .run(step)?;
    let cloud = Cloud::new(&ports);
    // On AWS, an administrator sets the webhook's secret.
    let webhook = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"],
        "Resource": [format!("arn:aws:secretsmanager:*:*:secret:gridbid/{ENVIRONMENT}/slack-webhook-*")],
    }]});
    cloud.put_role_policy(ROLE, WEBHOOK_POLICY, &webhook)?;
    let credentials = cloud.assume_role_with_web_identity(ROLE, &token())?;
    let file = file(&layout.cloud());
    let text = serde_json::to_string(&credentials).on_file("write", &file)?;
    fs::write(&file, text).on_file("write", &file)
}

/// The variables of a deployment under the role; none if it was not installed.
///
/// # Errors
/// When the credentials cannot be read: a deployment must not act as the root instead.
pub fn variables(layout: &Layout) -> Result<Option<[Variable; 3]>, Failure> {
    let file = file(&layout.cloud());
    if !file.is_file() {
        return Ok(None);
    }
    let text = fs::read(&file).on_file("read", &file)?;
    let Credentials { access_key, secret_key, token } = serde_json::from_slice(&text).on_file("parse", &file)?;
    let set = [("AWS_ACCESS_KEY_ID", access_key), ("AWS_SECRET_ACCESS_KEY", secret_key), ("AWS_SESSION_TOKEN", token)];
    Ok(Some(set.map(|(name, value)| (name.into(), Some(value.into())))))
}

fn file(cloud_folder: &Path) -> PathBuf {
    cloud_folder.join("deployer.json")
}

/// The token of a job of the environment on the release branch. The local cloud verifies no signature.
fn token() -> String {
    let claims = json!({
        "iss": "https://token.actions.githubusercontent.com",
        "aud": "sts.amazonaws.com",
        "sub": format!("repo:example/gridbid:environment:{ENVIRONMENT}"),
        "ref": "refs/heads/main",
    });
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    format!("{}.{}.unsigned", part(json!({"alg": "none", "typ": "JWT"})), part(claims))
}
