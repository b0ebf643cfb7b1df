//! Version order and ranges by the rules of each ecosystem: npm (node-semver) and Python (PEP 440).
