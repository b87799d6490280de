//! The Lambda function notify-slack.

use std::process::ExitCode;

use gridbid_adapters::slack::SlackWebhook;
use gridbid_notify_slack::NotifySlack;

fn main() -> ExitCode {
    gridbid_adapters::serve::<NotifySlack<SlackWebhook>>()
}
