//! Reading and calling entries of the tree.

use crate::apis::{ApiId, Call};
use crate::interp::Interp;
use crate::value::{Class, Kind, ObjectId, Taint, Value};

/// Most values that are looked at in one that is sent.
const MAX_SURRENDERED: usize = 64;

impl Interp<'_> {
    /// The value of a built-in when it is read.
    pub(crate) fn read_api(&mut self, api: ApiId) -> Value {
        match self.apis.entry(api).read {
            Some(read) => read(self, api),
            None => Value::api(api),
        }
    }

    /// A member that the tree does not list.
    pub(crate) fn read_unlisted(&mut self, api: ApiId, name: &str) -> Value {
        match self.apis.entry(api).any_member {
            Some(read) => read(self, name),
            // A method of a known built-in that has no effect of interest: its callbacks still run.
            None => self.method(&Value::api(api), name),
        }
    }

    /// `api[unknown]`
    pub(crate) fn read_computed(&mut self, api: ApiId) -> Value {
        match self.apis.entry(api).computed_member {
            Some(read) => {
                read(self, &Call { api, this: Value::UNDEFINED, args: Vec::new(), is_new: false, keywords: None })
            }
            None => Value::UNKNOWN,
        }
    }

    /// All members of a built-in at once: `{...process.env}`, `JSON.stringify(process.env)`.
    pub(crate) fn enumerate_api(&mut self, api: ApiId) -> Value {
        match self.apis.entry(api).computed_member {
            Some(_) if matches!(self.apis.name(api), "localStorage" | "sessionStorage") => {
                super::browser::all_stored(self)
            }
            Some(_) => super::env::enumerate(self, api),
            None => Value::api(api),
        }
    }

    /// Calls a built-in.
    pub(crate) fn call_api(&mut self, api: ApiId, this: Value, args: Vec<Value>, is_new: bool) -> Value {
        let (args, keywords) = self.without_keywords(args);
        // `name in os.environ` asks for one.
        let args = match self.apis.name(api) {
            "in" => args,
            _ => args.into_iter().map(|arg| self.opened(arg)).collect(),
        };
        match self.apis.entry(api).call {
            Some(handler) => handler(self, &Call { api, this, args, is_new, keywords }),
            None => self.call_unknown(&this, args),
        }
    }

    /// The environment handed to a function as a whole is a reading of the whole environment.
    pub(crate) fn opened(&mut self, value: Value) -> Value {
        match value.kind {
            Kind::Api(api) if self.apis.entry(api).computed_member.is_some() => {
                self.enumerate_api(api).tainted(value.taint)
            }
            _ => value,
        }
    }

    /// What flowed into any of several values.
    pub(crate) fn deep_taint_of(&self, values: &[Value]) -> Taint {
        values.iter().fold(Taint::NONE, |taint, value| taint.or(self.deep_taint(value)))
    }

    /// What flows out of a value that is written out or sent as a whole: the environment in it is read.
    pub(crate) fn surrendered(&mut self, value: &Value) -> Taint {
        let mut taint = self.deep_taint(value);
        let mut pending = vec![value.clone()];
        let mut looked = 0;
        while let Some(value) = pending.pop() {
            looked += 1;
            if looked > MAX_SURRENDERED {
                break;
            }
            match &value.kind {
                Kind::Api(_) => taint = taint.or(self.opened(value).taint),
                Kind::OneOf(values) => pending.extend(values.iter().cloned()),
                Kind::Object(id) => {
                    let object = self.object(*id);
                    taint = taint.or(object.taint);
                    let held = object.props.values().map(|(_, value)| value);
                    let items = match &object.class {
                        Class::Array(items) => items.as_slice(),
                        _ => &[],
                    };
                    pending.extend(held.chain(items).take(MAX_SURRENDERED).cloned());
                }
                _ => {}
            }
        }
        taint
    }

    /// An instance of a built-in; data written to it flows into `effect`.
    pub(crate) fn instance(&mut self, api: ApiId, effect: Option<u32>, taint: Taint) -> Value {
        let id: ObjectId = self.alloc(Class::Instance { api, effect });
        self.object_mut(id).taint = taint;
        Value::object(id).tainted(taint)
    }
}
