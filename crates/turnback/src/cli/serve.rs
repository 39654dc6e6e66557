//! Arguments of `turnback serve` and `turnback token`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use turnback_server::access::Role;

use super::{Blockers, PlanFile, StoreFile, duration};

/// `serve`
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Where to listen. Elsewhere than on this machine it takes a token (`turnback token create`)
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7432",
        env = "TURNBACK_LISTEN"
    )]
    pub listen: SocketAddr,
    /// Certificates for TLS, PEM: its own first, then those that lead to its root
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate, PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Check every setting and every connection, say what is wrong, and end
    #[arg(long)]
    pub check: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub blockers: Blockers,
}

/// `token`
#[derive(Debug, Args)]
pub struct TokenArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: TokenCommand,
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token; it is shown this once
    #[command(after_help = "\
Examples:
  turnback token create --role viewer --name grafana
  turnback token create --role approver --name on-call --expires 30d")]
    Create(TokenCreateArgs),
    /// Show every token, without its secret
    List(TokenListArgs),
    /// Revoke a token, by its number
    #[command(after_help = "Example:\n  turnback token revoke 3")]
    Revoke(TokenRevokeArgs),
}

/// `token create`
#[derive(Debug, Args)]
pub struct TokenCreateArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// What it may do: viewer reads; operator starts, stops, turns back, throttles; approver answers
    /// questions, too
    #[arg(long, value_name = "ROLE")]
    pub role: Role,
    /// Whose it is: stands in the audit log, and counts where the plan says who may answer
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// For how long it is good (30d, 12h); for ever when absent
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub expires: Option<Duration>,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `token list`
#[derive(Debug, Args)]
pub struct TokenListArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `token revoke`
#[derive(Debug, Args)]
pub struct TokenRevokeArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub store: StoreFile,
    /// Its number, as `turnback token list` shows it
    pub number: i64,
}
