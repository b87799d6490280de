//! IAM: what policies allow, what was denied, and the policies of roles.

use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cloud::Cloud;
use super::error::CallError;
use super::s3::{encode_path, first};

const PERMISSIONS: &str = "/_gridbid/permissions";

/// The grants of all roles, and what was denied.
#[derive(Clone, Debug, Deserialize)]
pub struct Permissions {
    /// The grants.
    pub grants: Vec<Grant>,
    /// The denials since they were last forgotten, oldest first.
    pub denials: Vec<Denial>,
}

/// An action on a resource that a policy of a role allows.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Grant {
    /// The name of the role.
    pub role: String,
    /// The name of the policy.
    pub policy: String,
    /// The action, as the policy spells it.
    pub action: String,
    /// The resource, as the policy spells it.
    pub resource: String,
    /// Whether a call needed it since the start of the local cloud.
    pub is_used: bool,
}

/// A call that no policy allowed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Denial {
    /// The name of the role, or of the service for a denial by the policy of a resource.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
}

/// A session of a role.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Credentials {
    /// The access key.
    pub access_key: String,
    /// The secret access key.
    pub secret_key: String,
    /// The session token.
    pub token: String,
}

impl Cloud {
    /// The grants and the denials.
    ///
    /// # Errors
    /// When the local cloud does not respond.
    pub fn permissions(&self) -> Result<Permissions, CallError> {
        let response = self.call("iam", "GET", PERMISSIONS, &[], &[])?;
        serde_json::from_slice(&response.body).map_err(|_| CallError::unexpected(PERMISSIONS, response.text()))
    }

    /// Forgets the denials.
    ///
    /// # Errors
    /// When the local cloud does not respond.
    pub fn forget_denials(&self) -> Result<(), CallError> {
        self.call("iam", "DELETE", PERMISSIONS, &[], &[]).map(drop)
    }

    /// An inline policy of a role.
    ///
    /// # Errors
    /// When there is no such role or policy.
    pub fn role_policy(&self, role: &str, policy: &str) -> Result<Value, CallError> {
        let xml = self.iam(&[("Action", "GetRolePolicy"), ("RoleName", role), ("PolicyName", policy)])?;
        let encoded = first(&xml, "PolicyDocument").unwrap_or_default();
        let text = percent_decode_str(&encoded).decode_utf8().unwrap_or_default();
        serde_json::from_str(&text).ok().ok_or_else(|| CallError::unexpected("GetRolePolicy", xml))
    }

    /// Replaces an inline policy of a role.
    ///
    /// # Errors
    /// When there is no such role, or the policy is malformed.
    pub fn put_role_policy(&self, role: &str, policy: &str, document: &Value) -> Result<(), CallError> {
        let document = document.to_string();
        let fields = [("RoleName", role), ("PolicyName", policy), ("PolicyDocument", document.as_str())];
        self.iam(&[&[("Action", "PutRolePolicy")], &fields[..]].concat()).map(drop)
    }

    /// Removes an inline policy of a role.
    ///
    /// # Errors
    /// When there is no such role or policy.
    pub fn delete_role_policy(&self, role: &str, policy: &str) -> Result<(), CallError> {
        self.iam(&[("Action", "DeleteRolePolicy"), ("RoleName", role), ("PolicyName", policy)]).map(drop)
    }

    /// Assumes a role with the token of a web identity.
    ///
    /// # Errors
    /// When the role does not trust the identity.
    pub fn assume_role_with_web_identity(&self, role: &str, token: &str) -> Result<Credentials, CallError> {
        let role_arn = format!("arn:aws:iam::000000000000:role/{role}");
        let fields = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("RoleArn", role_arn.as_str()),
            ("RoleSessionName", "deploy"),
            ("WebIdentityToken", token),
        ];
        let xml = self.form("sts", "2011-06-15", &fields)?;
        let credentials = || {
            Some(Credentials {
                access_key: first(&xml, "AccessKeyId")?,
                secret_key: first(&xml, "SecretAccessKey")?,
                token: first(&xml, "SessionToken")?,
            })
        };
        credentials().ok_or_else(|| CallError::unexpected("AssumeRoleWithWebIdentity", xml.as_str()))
    }

    fn iam(&self, fields: &[(&str, &str)]) -> Result<String, CallError> {
        self.form("iam", "2010-05-08", fields)
    }

    /// Calls a service that has a form as its request and XML as its response.
    fn form(&self, service: &str, version: &str, fields: &[(&str, &str)]) -> Result<String, CallError> {
        let version = [("Version", version)];
        let fields = fields.iter().chain(&version).map(|(name, value)| format!("{name}={}", encode_path(value)));
        let form = fields.collect::<Vec<_>>().join("&");
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        Ok(self.call(service, "POST", "/", &headers, form.as_bytes())?.text())
    }
}
