//! The commands and where each begins.

use clap::{Parser, Subcommand};

use crate::exit::Exit;
use crate::failure::{ErrorFormat, Failure};
use crate::terminal::{Style, note};
use crate::{
    backup, bench, config, demo, fake, gate, lint, project, resource, run as runs, schema, serve, simulate, status,
    trigger,
};

/// Everything that the command line can say.
#[derive(Debug, Parser)]
#[command(
    name = "capstan",
    version,
    about = "Delivery that judges itself",
    long_about = "Capstan takes an artifact through the stages that a team declares, and judges services by their SLOs. The gate runs in \
                  any pipeline, with no server and no account; 'capstan serve' runs whole processes.",
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Judge a service by its objectives: the quality gate
    #[command(subcommand)]
    Gate(gate::GateCommand),
    /// Run the server: shipyards, behind Keptn v1's API
    Serve(serve::ServeArgs),
    /// Make, look at and delete the projects of a server
    #[command(subcommand)]
    Project(project::ProjectCommand),
    /// Write, read and delete the files of projects, stages and services
    #[command(subcommand)]
    Resource(resource::ResourceCommand),
    /// Begin a run, and wait for its end if wanted
    Trigger(Box<trigger::TriggerArgs>),
    /// Look at runs, follow them and steer them
    #[command(subcommand)]
    Run(runs::RunCommand),
    /// See which version of each service is in which stage
    Status(status::StatusArgs),
    /// Answer tasks as a tool would, to try a process out
    Fake(fake::FakeArgs),
    /// Copy all that a server keeps, also while it serves
    Backup(backup::BackupArgs),
    /// Fill a data directory from a backup
    Restore(backup::RestoreArgs),
    /// Look at the settings of the server
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Find what is wrong or doubtful in shipyard.yaml, slo.yaml and sli.yaml
    Lint(lint::LintArgs),
    /// Run shipyards in virtual time against scripted tools, and see what happens
    Simulate(simulate::SimulateArgs),
    /// Print the JSON Schema of a file, for editors
    Schema(schema::SchemaArgs),
    /// See Capstan at work on a sample service
    #[command(subcommand)]
    Demo(demo::DemoCommand),
    /// Measure Capstan on this machine
    #[command(subcommand)]
    Bench(bench::BenchCommand),
}

/// Runs a command and says how it ended.
pub(crate) fn run(cli: Cli) -> Exit {
    let (outcome, format) = match cli.command {
        Command::Gate(command) => {
            let format = command.error_format();
            (gate::run(command), format)
        }
        Command::Serve(args) => (serve::run(&args), ErrorFormat::Drawn),
        Command::Project(command) => (project::run(&command), command.error_format()),
        Command::Resource(command) => (resource::run(&command), command.error_format()),
        Command::Trigger(args) => (trigger::run(&args), args.error_format()),
        Command::Run(command) => (runs::run(&command), command.error_format()),
        Command::Status(args) => (status::run(&args), args.error_format()),
        Command::Fake(args) => {
            let format = args.error_format();
            (fake::run(&args), format)
        }
        Command::Backup(args) => (backup::run(&args), ErrorFormat::Drawn),
        Command::Restore(args) => (backup::restore(&args), ErrorFormat::Drawn),
        Command::Config(command) => {
            let format = command.error_format();
            (config::run(&command), format)
        }
        Command::Lint(args) => {
            let format = args.error_format();
            (lint::run(&args), format)
        }
        Command::Simulate(args) => {
            let format = args.error_format();
            (simulate::run(&args), format)
        }
        Command::Schema(args) => (schema::run(&args), ErrorFormat::Drawn),
        Command::Demo(command) => (demo::run(&command), ErrorFormat::Drawn),
        Command::Bench(command) => (bench::run(&command), ErrorFormat::Drawn),
    };
    match outcome {
        Ok(exit) => exit,
        Err(failure) => {
            report(&failure, format);
            Exit::Usage
        }
    }
}

fn report(failure: &Failure, format: ErrorFormat) {
    match format {
        ErrorFormat::Drawn => note(&failure.draw(Style::stderr())),
        ErrorFormat::Json => note(&format!("{:#}\n", failure.to_json())),
    }
}
