//! The checks of what runs Gridbid on AWS and GitHub, without an account: Terraform's files and plans, IAM policies, the state
//! machine's definition, and GitHub's workflows.

mod environments;
pub mod state_machine;
pub mod terraform;
pub mod workflows;
