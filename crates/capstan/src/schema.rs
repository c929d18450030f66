//! `capstan schema`: the JSON Schemas of the files that people write.

use capstan_model::{shipyard::file::ShipyardFile, sli::SliFile, slo::file::SloFile};
use clap::{Args, ValueEnum};
use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::print;

/// `capstan schema NAME`
#[derive(Debug, Args)]
#[command(after_help = "Example, for an editor with YAML support, as first line of a slo.yaml:
  # yaml-language-server: $schema=./slo.schema.json")]
pub(crate) struct SchemaArgs {
    /// Which file
    #[arg(value_enum)]
    name: SchemaName,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemaName {
    Slo,
    Sli,
    Shipyard,
}

/// Prints a schema.
pub(crate) fn run(args: &SchemaArgs) -> Result<Exit, Failure> {
    let schema = match args.name {
        SchemaName::Slo => schema::<SloFile>("slo"),
        SchemaName::Sli => schema::<SliFile>("sli"),
        SchemaName::Shipyard => schema::<ShipyardFile>("shipyard"),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|error| Failure::plain(error.to_string()))?;
    print(&format!("{text}\n"));
    Ok(Exit::Success)
}

fn schema<T: JsonSchema>(name: &str) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    let id = format!("https://capstan.dev/schema/{name}.schema.json");
    schema.insert("$id".to_owned(), id.into());
    RecursiveTransform(accept_scalars).transform(&mut schema);
    schema
}

/// Where text is wanted, v1 takes any scalar: `spec_version: 1.0` is as good as `"1.0"`.
fn accept_scalars(schema: &mut Schema) {
    let types: Vec<Value> = match schema.get("type") {
        Some(Value::String(name)) => vec![name.clone().into()],
        Some(Value::Array(names)) => names.clone(),
        _ => return,
    };
    if types.contains(&json!("string")) && schema.get("enum").is_none() {
        let more = [json!("number"), json!("boolean")].into_iter().filter(|name| !types.contains(name));
        let types: Vec<Value> = types.iter().cloned().chain(more).collect();
        schema.insert("type".to_owned(), types.into());
    }
}
