//! The command line, with help that teaches by example.

mod answer;
mod backup;
mod baseline;
mod decisions;
mod flag;
mod incident;
mod init;
mod install;
mod maintenance;
mod notify;
mod rehearse;
mod restore;
mod serve;
mod store;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use turnback_core::plan::{parse_duration, parse_size};
use turnback_core::removal::Removal;
use turnback_store::StorePlace;

pub use self::answer::{AnswerArgs, AnswerWord};
pub use self::backup::{
    BackupArgs, BackupCommand, BackupCreateArgs, BackupListArgs, BackupPlace, BackupPruneArgs,
    BackupVerifyArgs,
};
pub use self::baseline::BaselineArgs;
pub use self::decisions::{ExplainArgs, ReplayArgs};
pub use self::flag::{
    Because, FlagArgs, FlagCommand, FlagDisableAllArgs, FlagEvaluateArgs, FlagExportArgs,
    FlagHistoryArgs, FlagImportArgs, FlagKeyArgs, FlagListArgs, FlagSetArgs, FlagSetTo,
    FlagShareArgs, FlagShowArgs,
};
pub use self::incident::{
    IncidentArgs, IncidentCommand, IncidentListArgs, IncidentReportArgs, IncidentShowArgs,
    IncidentVerifyArgs, ReportFormat, StoreFile,
};
pub use self::init::{GenerateBy, GroupBy, InitArgs, KeyType};
pub use self::install::{CompletionsArgs, ManArgs};
pub use self::maintenance::{
    MaintenanceArgs, MaintenanceCommand, MaintenanceOffArgs, MaintenanceOnArgs,
    MaintenanceStatusArgs, Until,
};
pub use self::notify::{
    AcknowledgeArgs, NotifyArgs, NotifyCommand, NotifyListArgs, NotifySendArgs, NotifyTestArgs,
};
pub use self::rehearse::{DemoArgs, RehearseArgs};
pub use self::restore::{RepairArgs, RestoreArgs, SalvageArgs};
pub use self::serve::{
    ServeArgs, TokenArgs, TokenCommand, TokenCreateArgs, TokenListArgs, TokenRevokeArgs,
};
pub use self::store::{StoreArgs, StoreCommand, StoreCopyArgs};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the tool failed
  2  bad usage or plan; nothing was touched
  3  no-go; nothing was touched
  4  stopped before the end: the database is safe, the same command goes on
  5  turned back
  6  needs a person";

/// Takes a live PostgreSQL database through a risky change phase by phase, and turns back in
/// under a second, without losing a write.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look at a database and write a plan
    #[command(after_help = "\
Examples:
  turnback init --target postgres://localhost/shop --convert-keys uuid --all
  turnback init --target \"$DATABASE_URL\" --convert-keys uuid --tables users,billing.invoices --group one")]
    Init(InitArgs),
    /// Show what will happen: phases, steps, locks, rewrites, forecast
    #[command(after_help = "\
Examples:
  turnback plan
  turnback plan --steps                    every step and every object
  turnback plan --sql | less
  turnback plan --json | jq '.phases[].steps[].title'")]
    Plan(PlanArgs),
    /// Say whether it is go or no-go; changes nothing
    #[command(after_help = "\
Examples:
  turnback check && turnback up
  turnback check --json | jq '.findings[] | select(.weight == \"no_go\")'")]
    Check(CheckArgs),
    /// Go forward, to a phase or through all of them; goes on where a crash left off
    #[command(after_help = "\
Examples:
  turnback up
  turnback up --to users
  turnback up --to users --expand-only     both shapes live, before the cut-over")]
    Up(UpArgs),
    /// Turn back
    #[command(after_help = "\
Examples:
  turnback back                            the last phase that went forward
  turnback back --scope all
  turnback back --scope users              that phase and all after it
  turnback back --keep-new-shape           public is the old shape at once; drop the new one later")]
    Back(BackArgs),
    /// Give up the old shape of phases that are cut over
    #[command(after_help = "Example:\n  turnback contract --to users --yes")]
    Contract(ContractArgs),
    /// Answer a question of a run that watches; without arguments, show those that are open
    #[command(after_help = "\
Examples:
  turnback answer
  turnback answer 3 turn-back --why \"orders fail\"
  turnback answer 3 go-on --by on-call")]
    Answer(AnswerArgs),
    /// Show where everything stands
    Status(StatusArgs),
    /// Show what limits a running backfill, and why; change it while it runs
    #[command(after_help = "\
Examples:
  turnback throttle
  turnback throttle --workers 1 --batch-time 50ms
  turnback throttle --max-lag 5s --max-wal-rate 20MB
  turnback throttle --pause
  turnback throttle --resume
  turnback throttle --reset                the plan's settings again")]
    Throttle(ThrottleArgs),
    /// Run the plan there and back on a throw-away copy, under load, and say whether it is go
    #[command(after_help = "\
Examples:
  turnback rehearse                          rows of the target, up to 10000 of each table
  turnback rehearse --generate               rows made up; no row of the target is read
  turnback rehearse --rows 200000 --seconds 30
  turnback rehearse --json | jq .verdict")]
    Rehearse(RehearseArgs),
    /// Show what was normal before each phase: what guards compare with
    #[command(after_help = "\
Examples:
  turnback baseline
  turnback baseline users --json | jq '.phases[].baseline.guards'")]
    Baseline(BaselineArgs),
    /// Send a share of people to the new shape: flags that applications ask `turnback serve` for
    #[command(after_help = "\
Examples:
  turnback flag set users-uuid --rollout 1%
  turnback flag share users-uuid 10% --why \"nothing to be seen at 1%\"
  turnback flag list
  turnback flag evaluate users-uuid --targeting-key user-7
  turnback flag disable-all --reason \"orders fail\"")]
    Flag(FlagArgs),
    /// Announce maintenance to applications, with a message and its expected end
    #[command(after_help = "\
Examples:
  turnback maintenance on --message \"Back at ten\" --until 30m
  turnback maintenance status
  turnback maintenance off")]
    Maintenance(MaintenanceArgs),
    /// Make backups, verify them by restoring, keep the good ones
    Backup(BackupArgs),
    /// Make parts of a plan from files of other tools
    #[command(subcommand)]
    Import(Import),
    /// Try channels, look at messages, send those that wait, take an issue on
    #[command(after_help = "\
Examples:
  turnback notify test                       a test message through every channel
  turnback notify test --channel oncall
  turnback notify list
  turnback notify acknowledge --by on-call")]
    Notify(NotifyArgs),
    /// Tell what was held, asked and turned back; write reports; show that nobody edited the journal
    #[command(after_help = "\
Examples:
  turnback incident list
  turnback incident show 3
  turnback incident report 3 --output incident-3.html
  turnback incident verify
  turnback incident verify --head 57:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    Incident(IncidentArgs),
    /// Copy the control store into another place
    #[command(after_help = "\
Examples:
  turnback store copy --from .turnback/journal.db --to postgres://turnback@control.example/turnback
  turnback store copy --from \"$TURNBACK_STORE\" --to journal-of-today.db")]
    Store(StoreArgs),
    /// Say what would be done about what a guard says, and by which row of the plan
    #[command(after_help = "\
Examples:
  turnback explain --guard latency --level critical
  turnback explain --guard latency --level warning --lasting 5m --phase users --state expanded
  turnback explain --guard latency --guard errors --level critical      both at once
  turnback explain --guard lag --level no_data --json | jq .decision.action")]
    Explain(ExplainArgs),
    /// Take recorded or made-up samples through guards and decisions: what would have been done when
    #[command(after_help = "\
Examples:
  turnback replay samples.jsonl
  turnback replay samples.jsonl --json | jq '.entries[].what.does'")]
    Replay(ReplayArgs),
    /// Put a backup in the place of the database, or give some tables their rows back
    #[command(after_help = "\
Examples:
  turnback restore 20261121T132500Z --swap
  turnback restore latest --tables orders,billing.invoices
  turnback restore --cancel                drop what an unfinished --swap has made")]
    Restore(RestoreArgs),
    /// Find what was written after the backup that was restored; write it down, put it back
    #[command(after_help = "\
Examples:
  turnback salvage
  turnback salvage --export found.csv
  turnback salvage --put-back")]
    Salvage(SalvageArgs),
    /// Show what is half done, table by table, from the ledger alone; complete it or turn it back
    #[command(after_help = "\
Examples:
  turnback repair
  turnback repair --target \"$DATABASE_URL\"    without a plan file
  turnback repair --complete
  turnback repair --back")]
    Repair(RepairArgs),
    /// Keep runs going in one process, show them, let people decide: HTTP API and dashboard
    #[command(after_help = "\
Examples:
  turnback serve                           on this machine, at http://127.0.0.1:7432
  turnback serve --check                   every setting and connection, and what is wrong
  turnback serve --listen 0.0.0.0:7432 --tls-cert cert.pem --tls-key key.pem")]
    Serve(ServeArgs),
    /// Make, show and revoke tokens for a serving process
    Token(TokenArgs),
    /// Print the JSON schema of the plan file, for editors
    Schema,
    /// Print what completes commands and options in a shell
    #[command(after_help = "\
Examples:
  turnback completions bash > /etc/bash_completion.d/turnback
  turnback completions zsh > \"${fpath[1]}/_turnback\"
  turnback completions fish > ~/.config/fish/completions/turnback.fish")]
    Completions(CompletionsArgs),
    /// Write the manual: a page for turnback, and one for each command
    #[command(after_help = "\
Examples:
  turnback man /usr/local/share/man/man1
  turnback man . && man ./turnback-up.1")]
    Man(ManArgs),
    /// Watch it work: a throw-away cluster, a million rows, live writers, there and back
    Demo(DemoArgs),
}

/// What can be made of files of other tools.
#[derive(Debug, Subcommand)]
pub enum Import {
    /// Make guards of alert files: Prometheus rules, lists of alerts, metrics with a warning and a
    /// critical value
    #[command(after_help = "\
Examples:
  turnback import guards prometheus/rules/*.yml
  turnback import guards alerts.yml >> turnback.yaml")]
    Guards(ImportGuardsArgs),
}

/// `import guards`
#[derive(Debug, Args)]
pub struct ImportGuardsArgs {
    /// Alert files
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Which plan, on which database.
#[derive(Clone, Debug, Args)]
pub struct PlanFile {
    /// The plan file
    #[arg(long, value_name = "FILE", default_value = "turnback.yaml")]
    pub plan: PathBuf,
    /// The database, instead of the plan's `target`
    #[arg(
        long,
        value_name = "URL",
        env = "TURNBACK_TARGET",
        hide_env_values = true
    )]
    pub target: Option<String>,
    /// The control store: where the journal is kept; a file, or a PostgreSQL database that several
    /// share (`postgres://…`)
    #[arg(
        long,
        value_name = "FILE|URL",
        default_value = ".turnback/journal.db",
        env = "TURNBACK_STORE",
        hide_env_values = true
    )]
    pub store: StorePlace,
}

/// What may be done about sessions that hold a lock a step waits for.
#[derive(Clone, Debug, Default, Args)]
pub struct Blockers {
    /// Cancel sessions that hold a step up for so long (30s, 5m); large transactions, superusers,
    /// replication and backups are spared
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub cancel_blockers_after: Option<Duration>,
    /// After as long again, end the sessions of those that cancelling did not help against
    #[arg(long, requires = "cancel_blockers_after")]
    pub terminate_blockers: bool,
}

impl From<&Blockers> for Removal {
    fn from(asked: &Blockers) -> Self {
        Self {
            after: asked.cancel_blockers_after,
            terminate: asked.terminate_blockers,
        }
    }
}

/// A duration as the plan writes it.
fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a duration such as 200ms, 30s or 5m".to_owned())
}

/// A size as the plan writes it.
fn size(text: &str) -> Result<u64, String> {
    parse_size(text)
        .filter(|size| *size > 0)
        .ok_or_else(|| "expected a size such as 64MB or 2GB".to_owned())
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Name every step and every object, however many there are
    #[arg(long, visible_alias = "verbose", conflicts_with_all = ["sql", "json"])]
    pub steps: bool,
    /// Print every statement, in the order in which it will run
    #[arg(long, conflicts_with = "json")]
    pub sql: bool,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `check`
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `up`
#[derive(Debug, Args)]
pub struct UpArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The last phase to do
    #[arg(long, value_name = "PHASE")]
    pub to: Option<String>,
    /// Stop in that phase once both shapes are live, before the cut-over
    #[arg(long, requires = "to")]
    pub expand_only: bool,
    /// Do not ask before a phase that cannot be turned back
    #[arg(long)]
    pub yes: bool,
    /// Hand the run to a serving process, and follow it; the plan is the one that it has read. A
    /// token of the role operator comes from TURNBACK_TOKEN
    #[arg(long, value_name = "URL", conflicts_with_all = ["cancel_blockers_after", "terminate_blockers"])]
    pub hand_to: Option<String>,
    /// Why: kept with a run that is handed over
    #[arg(long, value_name = "TEXT", requires = "hand_to")]
    pub why: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub blockers: Blockers,
}

/// `back`
#[derive(Debug, Args)]
pub struct BackArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// current, previous, all, or a phase (it and all after it)
    #[arg(long, default_value = "current")]
    pub scope: String,
    /// Stop once `public` shows the old shape; clients of the new one go on until `turnback back` drops it
    #[arg(long)]
    pub keep_new_shape: bool,
    /// Drop the new shape even where the two shapes do not agree
    #[arg(long, conflicts_with = "keep_new_shape")]
    pub drop_anyway: bool,
    /// Leave the hooks of the plan out: the database alone turns back
    #[arg(long)]
    pub no_hooks: bool,
    /// Leave the flags of canaries as they are: applications are told by you which shape to use
    #[arg(long)]
    pub leave_flags: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub blockers: Blockers,
}

/// `contract`
#[derive(Debug, Args)]
pub struct ContractArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// The last phase to contract; all that are cut over when absent
    #[arg(long, value_name = "PHASE")]
    pub to: Option<String>,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub blockers: Blockers,
}

/// `status`
#[derive(Debug, Args)]
pub struct StatusArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}

/// `throttle`
#[derive(Debug, Args)]
pub struct ThrottleArgs {
    #[command(flatten)]
    #[expect(missing_docs, reason = "flattened into the help as it is")]
    pub file: PlanFile,
    /// Sessions that backfill one table side by side, 1 to 64
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    pub workers: Option<u32>,
    /// What one batch should take (50ms, 1s)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub batch_time: Option<Duration>,
    /// How far a standby may be behind (5s)
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_lag: Option<Duration>,
    /// How much WAL the server may write in a second (20MB)
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub max_wal_rate: Option<u64>,
    /// Begin no more batches until --resume
    #[arg(long, conflicts_with = "resume")]
    pub pause: bool,
    /// Go on after --pause
    #[arg(long)]
    pub resume: bool,
    /// Forget what was set: the plan's settings again; what is given beside it is set then
    #[arg(long)]
    pub reset: bool,
    /// Print for scripts
    #[arg(long)]
    pub json: bool,
}
