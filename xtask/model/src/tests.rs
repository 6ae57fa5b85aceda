//! The report's schema, and the sample report that all tests use.

use crate::report::RunReport;

#[test]
fn committed_schema_matches_the_types_and_the_sample() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../schema/report.schema.json");
    let schema = serde_json::to_string_pretty(&schemars::schema_for!(RunReport)).unwrap() + "\n";
    if std::env::var_os("WASMLAB_UPDATE_SCHEMA").is_some() {
        std::fs::create_dir_all(std::path::Path::new(file).parent().unwrap()).unwrap();
        std::fs::write(file, &schema).unwrap();
    }
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    assert!(
        committed == schema,
        "{file} is stale: run this test with WASMLAB_UPDATE_SCHEMA=1, and raise SCHEMA_VERSION if readers break"
    );
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let report = serde_json::from_str::<serde_json::Value>(include_str!("../sample.json")).unwrap();
    let errors: Vec<_> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    let mut bad = report;
    bad["cells"][0]["verdict"] = "perhaps".into();
    assert!(!validator.is_valid(&bad));
}
