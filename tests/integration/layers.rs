//! A module imports only layers before its own, and a handler no handler. Cargo holds the rest: see `deny.toml`.

use syn::visit::{Visit, visit_path, visit_use_tree};
use tests::sources;

/// The layers of each crate, from the ground up. A main program and the root of a crate may import all of them.
const LAYERS: [(&str, &str); 4] = [
    ("shared/src", "runtime store api auth lib"),
    ("shared/src/store", "table ledger entities reports catalog_cache"),
    ("functions/inference/src", "tcp_nodelay formats bedrock_client pipeline routes lib main"),
    ("functions/management/src", MANAGEMENT),
];
const MANAGEMENT: &str = "lambda_response openapi request key_policy admin_auth state authorize rows audit_log \
                          provisioning handlers route_builder router lib main";
/// SDKs, and the one folder that may name each.
const SDKS: [(&str, &str); 2] =
    [("aws_sdk_dynamodb", "/store"), ("aws_sdk_bedrockruntime", "/bedrock_client")];
/// The first two names of every path in a file.
struct Imports(Vec<String>);

impl<'a> Visit<'a> for Imports {
    fn visit_use_path(&mut self, path: &'a syn::UsePath) {
        self.0.push(path.ident.to_string());
        if path.ident == "crate" || path.ident == "store" {
            visit_use_tree(self, &path.tree);
        }
    }
    fn visit_use_name(&mut self, name: &'a syn::UseName) {
        self.0.push(name.ident.to_string());
    }
    fn visit_path(&mut self, path: &'a syn::Path) {
        let names = path.segments.iter().map(|part| part.ident.to_string()).filter(|name| name != "crate");
        self.0.extend(names.take(2).filter(|_| path.segments.len() > 1));
        visit_path(self, path);
    }
    fn visit_macro(&mut self, call: &'a syn::Macro) {
        for path in call.tokens.to_string().split("crate :: ").skip(1) {
            self.0.extend(path.split(" :: ").take(2).map(str::to_owned));
        }
    }
}

#[test]
fn a_module_imports_only_layers_before_its_own() {
    for (folder, layers) in LAYERS {
        for (file, text) in sources::rust_files(folder) {
            let (path, module) =
                (format!("{folder}/{file}"), file.split(['/', '.']).next().unwrap_or_default());
            let level = |name: &str| layers.split(' ').position(|layer| layer == name);
            let own = level(module).unwrap_or_else(|| panic!("{path} is in no layer"));
            let mut imports = Imports(Vec::new());
            imports.visit_file(&syn::parse_file(&text).unwrap());
            for name in imports.0 {
                let is_handler = module == "handlers" && name == "handlers";
                let is_sdk = SDKS.iter().any(|(sdk, owner)| *sdk == name && !path.contains(owner));
                assert!(level(&name) <= Some(own) && !is_handler && !is_sdk, "{path} imports {name}");
            }
        }
    }
}
