//! Judges CSAF 2.0 documents: the JSON schema, then the mandatory tests (6.1 of the standard), by csaf-rs. Fails if any document
//! does not pass, and says why.

use std::path::Path;
use std::process::ExitCode;

use csaf_rs::csaf2_0::loader::load_document;
use csaf_rs::validation::validate_by_preset;

fn main() -> ExitCode {
    let mut is_valid = true;
    for file in std::env::args_os().skip(1) {
        is_valid &= judge(Path::new(&file));
    }
    if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn judge(file: &Path) -> bool {
    let shown = file.display();
    let document = match load_document(file) {
        Ok(document) => document,
        Err(error) => {
            println!("{shown}: {error}");
            return false;
        }
    };
    let mut is_valid = true;
    for preset in ["schema", "mandatory"] {
        match validate_by_preset(&document, "2.0", preset) {
            Ok(result) => {
                is_valid &= result.success && result.num_not_found == 0;
                for test in result.test_results.iter().filter(|_| !result.success) {
                    println!("{shown}: {}: {:?}", test.test_id, test.status);
                }
            }
            Err(error) => {
                println!("{shown}: {preset}: {error}");
                is_valid = false;
            }
        }
    }
    is_valid
}
