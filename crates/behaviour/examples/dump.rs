//! temp
use std::fs;
use vetch_behaviour::{Analysis, HEAD_BYTES, Wanted, wanted};
fn main() {
    let folder = std::env::args().nth(1).unwrap();
    std::thread::Builder::new()
        .stack_size(1 << 30)
        .spawn(move || {
            let mut files = Vec::new();
            for e in fs::read_dir(&folder).unwrap() {
                let e = e.unwrap();
                if e.metadata().unwrap().is_file() {
                    files.push((e.file_name().into_string().unwrap(), e.metadata().unwrap().len()));
                }
            }
            let text = fs::read(format!("{folder}/package.json")).unwrap();
            let _ = text;
            let mut a = Analysis::new(None, &files, false);
            for (f, _) in &files {
                let b = fs::read(format!("{folder}/{f}")).unwrap();
                match wanted(f) {
                    Wanted::Whole => a.file(f, &b),
                    Wanted::Head => a.file(f, &b[..b.len().min(HEAD_BYTES)]),
                }
            }
            loop {
                let n = a.needs();
                if n.is_empty() {
                    break;
                }
                for f in n {
                    let b = fs::read(format!("{folder}/{f}")).unwrap();
                    a.file(&f, &b);
                }
            }
            let facts = a.finish();
            for c in &facts.profile.capabilities {
                println!("{} {:?} {:?} {}", c.id.as_str(), c.resource, c.trigger, c.layer);
            }
            for f in &facts.profile.flows {
                println!(
                    "FLOW {} {:?} -> {} {:?}",
                    f.source.id.as_str(),
                    f.source.resource,
                    f.sink.id.as_str(),
                    f.sink.resource
                );
            }
            for s in &facts.signals {
                println!("SIG {:?} {} {:?}", s.kind, s.strength, s.evidence.note());
            }
            for u in &facts.unread {
                println!("unread {u:?}");
            }
        })
        .unwrap()
        .join()
        .unwrap();
}
