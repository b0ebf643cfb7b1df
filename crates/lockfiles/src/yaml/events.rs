//! The whole of YAML, from the events of `saphyr-parser`. A stack of our own, no
//! recursion: the nesting is the file's to choose.

use std::borrow::Cow;
use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle};
use vetch_model::evidence::Span;

use super::parse::{Fault, MAX_DEPTH};
use super::{Kind, Mapping, Member, Style, Value, span};
use crate::error::ReadErrorKind;

/// The documents, and what of the language is not followed in them.
type Read<'a> = (Vec<Value<'a>>, Option<(Span, &'static str)>);

/// Reads every document of `text`; at most `room` values, expanded aliases included.
pub(super) fn read(text: &str, room: usize) -> Result<Read<'_>, Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let body = text.get(start..).unwrap_or_default();
    let mut builder = Builder {
        text,
        offsets: Offsets::of(body, start),
        room,
        frames: Vec::new(),
        anchors: HashMap::new(),
        documents: Vec::new(),
        not_followed: None,
    };
    let mut parser = Parser::new_from_str(body);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((event, place)) => {
                let place = builder.offsets.span(place.start.index(), place.end.index());
                builder.take(event, place)?;
            }
            Err(error) => {
                let at = builder.offsets.byte(error.marker().index()).min(text.len());
                // Its own limit, in flow collections: it looks for the end of a key before it tells of its start.
                let is_deep = error.info().contains("recursion limit");
                let kind = if is_deep { ReadErrorKind::TooDeep } else { ReadErrorKind::Syntax };
                return Err(Fault::new(kind, at, format!("it is no valid YAML: {}", error.info())));
            }
        }
    }
    Ok((builder.documents, builder.not_followed))
}

/// Positions in characters, as the parser counts, to byte offsets.
struct Offsets {
    /// For every character that is not one byte: how many characters come up to
    /// and with it, and the byte offset past it.
    wide: Vec<(usize, usize)>,
    start: usize,
}

impl Offsets {
    fn of(text: &str, start: usize) -> Offsets {
        let mut wide = Vec::new();
        if !text.is_ascii() {
            let characters = text.char_indices().enumerate();
            wide.extend(
                characters
                    .filter(|(_, (_, character))| character.len_utf8() > 1)
                    .map(|(index, (offset, character))| (index + 1, offset + character.len_utf8())),
            );
        }
        Offsets { wide, start }
    }

    fn byte(&self, index: usize) -> usize {
        let before = self.wide.partition_point(|(characters, _)| *characters <= index);
        let (characters, offset) = match before.checked_sub(1).and_then(|last| self.wide.get(last)) {
            Some(entry) => *entry,
            None => (0, 0),
        };
        self.start + offset + (index - characters)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        span(self.byte(start), self.byte(end))
    }
}

/// A collection that has not ended yet.
struct Frame<'a> {
    start: u32,
    anchor: usize,
    items: Items<'a>,
}

enum Items<'a> {
    Sequence(Vec<Value<'a>>),
    /// Members so far, and the key that waits for its value.
    Mapping(Vec<Member<'a>>, Option<(Cow<'a, str>, Span)>),
}

/// An anchored value, with what a copy of it costs.
struct Anchored<'a> {
    value: Value<'a>,
    weight: usize,
    depth: usize,
}

struct Builder<'a> {
    text: &'a str,
    offsets: Offsets,
    /// Values that may still come.
    room: usize,
    frames: Vec<Frame<'a>>,
    anchors: HashMap<usize, Anchored<'a>>,
    documents: Vec<Value<'a>>,
    not_followed: Option<(Span, &'static str)>,
}

impl<'a> Builder<'a> {
    fn take(&mut self, event: Event<'a>, place: Span) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                if tag.is_some() {
                    self.not_followed.get_or_insert((place, "a tag"));
                }
                let value = self.scalar(text, style, place);
                self.finish(value, anchor)
            }
            Event::SequenceStart(anchor, tag) => self.open(place, anchor, tag.is_some(), Items::Sequence(Vec::new())),
            Event::MappingStart(anchor, tag) => {
                self.open(place, anchor, tag.is_some(), Items::Mapping(Vec::new(), None))
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(place),
            Event::Alias(anchor) => {
                let Some(Anchored { value, weight, depth }) = self.anchors.get(&anchor) else {
                    return Err(Fault::new(
                        ReadErrorKind::Syntax,
                        place.start as usize,
                        "an alias stands in its own value",
                    ));
                };
                if self.frames.len() + depth > MAX_DEPTH {
                    return Err(too_deep(place));
                }
                let (value, weight) = (value.clone(), *weight);
                self.charge(weight, place)?;
                self.add(Value { span: place, ..value })
            }
            Event::DocumentEnd => {
                // Names are of one document.
                self.anchors.clear();
                Ok(())
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => Ok(()),
        }
    }

    fn open(&mut self, place: Span, anchor: usize, has_tag: bool, items: Items<'a>) -> Result<(), Fault> {
        if has_tag {
            self.not_followed.get_or_insert((place, "a tag"));
        }
        if self.frames.len() >= MAX_DEPTH {
            return Err(too_deep(place));
        }
        self.frames.push(Frame { start: place.start, anchor, items });
        Ok(())
    }

    fn close(&mut self, place: Span) -> Result<(), Fault> {
        let Some(Frame { start, anchor, items }) = self.frames.pop() else { return Ok(()) };
        // Collections in brackets end with theirs, blocks with their last value.
        let is_flow = place.end > place.start;
        let (kind, bounds) = match items {
            Items::Sequence(items) => {
                let bounds = items.first().zip(items.last()).map(|(first, last)| (first.span.start, last.span.end));
                (Kind::Sequence(items), bounds)
            }
            Items::Mapping(members, _) => {
                let bounds = members.first().zip(members.last()).map(|(first, last)| (first.span.start, last.span.end));
                (Kind::Mapping(Mapping::new(members)), bounds)
            }
        };
        let (start, end) = match bounds {
            Some(bounds) if !is_flow => bounds,
            // One bracket; the parser's span takes in the blanks behind it.
            _ => (start, place.end.min(place.start + 1)),
        };
        self.finish(Value { span: Span { start, end: end.max(start) }, kind }, anchor)
    }

    /// A scalar. The parser's spans take in blanks and comments behind it: the
    /// end is looked for in the text.
    fn scalar(&self, text: Cow<'a, str>, style: ScalarStyle, place: Span) -> Value<'a> {
        let raw = self.text.get(place.start as usize..place.end as usize).unwrap_or_default();
        let length = match (style, raw.as_bytes().first()) {
            (ScalarStyle::SingleQuoted, Some(b'\'')) => closing(raw, b'\''),
            (ScalarStyle::DoubleQuoted, Some(b'"')) => closing(raw, b'"'),
            _ => raw.trim_end_matches(BLANKS).len(),
        };
        let kind = match style {
            ScalarStyle::Plain if text.is_empty() => Kind::Null,
            ScalarStyle::Plain => Kind::Scalar(text, Style::Plain),
            _ => Kind::Scalar(text, Style::Quoted),
        };
        Value { span: Span { start: place.start, end: place.start + length as u32 }, kind }
    }

    fn finish(&mut self, value: Value<'a>, anchor: usize) -> Result<(), Fault> {
        let own = match &value.kind {
            Kind::Scalar(text, _) => 1 + text.len() / 64,
            _ => 1,
        };
        self.charge(own, value.span)?;
        if anchor > 0 {
            let (weight, depth) = weigh(&value);
            self.charge(weight, value.span)?;
            self.anchors.insert(anchor, Anchored { value: value.clone(), weight, depth });
        }
        self.add(value)
    }

    fn add(&mut self, value: Value<'a>) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut() else {
            self.documents.push(value);
            return Ok(());
        };
        match &mut frame.items {
            Items::Sequence(items) => items.push(value),
            Items::Mapping(_, key @ None) => {
                let text = match value.kind {
                    Kind::Scalar(text, Style::Plain) if text == "<<" => {
                        self.not_followed.get_or_insert((value.span, "a merge key"));
                        text
                    }
                    Kind::Scalar(text, _) => text,
                    Kind::Null => Cow::Borrowed(""),
                    _ => {
                        let at = value.span.start as usize;
                        return Err(Fault::new(ReadErrorKind::Syntax, at, "a key is no text"));
                    }
                };
                *key = Some((text, value.span));
            }
            Items::Mapping(members, key) => {
                let (key, place) = key.take().unwrap_or_default();
                let value = match value.kind {
                    Kind::Null => Value { span: Span { start: place.end, end: place.end }, ..value },
                    _ => value,
                };
                let span = Span { start: place.start, end: value.span.end.max(place.end) };
                members.push(Member { key, span, value });
            }
        }
        Ok(())
    }

    fn charge(&mut self, weight: usize, place: Span) -> Result<(), Fault> {
        match self.room.checked_sub(weight) {
            Some(room) => {
                self.room = room;
                Ok(())
            }
            None => {
                let problem = "it holds more values than any honest file of its kind";
                Err(Fault::new(ReadErrorKind::TooLarge, place.start as usize, problem))
            }
        }
    }
}

fn too_deep(place: Span) -> Fault {
    let problem = format!("it nests deeper than {MAX_DEPTH} levels");
    Fault::new(ReadErrorKind::TooDeep, place.start as usize, problem)
}

/// What a copy costs, and how deep it is. The recursion is as deep as the value, at most [`MAX_DEPTH`].
fn weigh(value: &Value<'_>) -> (usize, usize) {
    let sum = |(weight, depth): (usize, usize), below: (usize, usize)| (weight + below.0, depth.max(below.1 + 1));
    match &value.kind {
        Kind::Null => (1, 0),
        Kind::Scalar(text, _) => (1 + text.len() / 64, 0),
        Kind::Sequence(items) => items.iter().map(weigh).fold((1, 1), sum),
        Kind::Mapping(mapping) => mapping
            .members
            .iter()
            .map(|member| {
                let (weight, depth) = weigh(&member.value);
                (weight + 1 + member.key.len() / 64, depth)
            })
            .fold((1, 1), sum),
    }
}

/// What may follow a scalar inside its span.
const BLANKS: [char; 4] = [' ', '\t', '\r', '\n'];

/// Length of a quoted text with its quotes.
fn closing(raw: &str, quote: u8) -> usize {
    let bytes = raw.as_bytes();
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        at += match (quote, *byte) {
            (b'"', b'\\') => 2,
            (b'\'', b'\'') if bytes.get(at + 1) == Some(&b'\'') => 2,
            (_, byte) if byte == quote => return at + 1,
            _ => 1,
        };
    }
    raw.trim_end_matches(BLANKS).len()
}
