//! Expressions.

use ruff_python_ast::{
    BoolOp, CmpOp, Expr, ExprBinOp, ExprCall, ExprCompare, ExprDict, ExprFString, ExprSlice, ExprSubscript,
    FStringPart, InterpolatedStringElement, Number, Operator, UnaryOp as PyUnary,
};
use ruff_text_size::{Ranged, TextRange};

use super::comprehensions::Gathered;
use super::context::Context;
use crate::ir::{AssignOp, BinaryOp, Key, LogicalOp, Node, NodeId, Property, PropertyKind, UnaryOp};

impl Context<'_> {
    pub(super) fn expression(&mut self, expression: &Expr) -> NodeId {
        let range = expression.range();
        match expression {
            Expr::BoolOp(it) => {
                let op = if it.op == BoolOp::And { LogicalOp::And } else { LogicalOp::Or };
                self.fold(&it.values, range, |left, right| Node::Logical { op, left, right })
            }
            Expr::Named(it) => {
                let value = self.expression(&it.value);
                let target = self.target(&it.target);
                self.node(Node::Assign { op: AssignOp::Set, target, value }, range)
            }
            Expr::BinOp(it) => self.binary(it),
            Expr::UnaryOp(it) => {
                let operand = self.expression(&it.operand);
                let op = match it.op {
                    PyUnary::Invert => UnaryOp::BitNot,
                    PyUnary::Not => UnaryOp::Not,
                    PyUnary::UAdd => UnaryOp::Plus,
                    PyUnary::USub => UnaryOp::Minus,
                };
                self.node(Node::Unary(op, operand), range)
            }
            Expr::Lambda(it) => self.lambda(it),
            Expr::If(it) => {
                let test = self.expression(&it.test);
                let (yes, no) = (self.expression(&it.body), self.expression(&it.orelse));
                let parts = self.list(&[test, yes, no]);
                self.node(Node::Conditional(parts), range)
            }
            Expr::Dict(it) => self.dict(it),
            Expr::Set(it) => self.array(&it.elts, range),
            Expr::List(it) => self.array(&it.elts, range),
            Expr::Tuple(it) => self.array(&it.elts, range),
            Expr::ListComp(it) => self.comprehension(Gathered::Item(&it.elt), &it.generators, range),
            Expr::SetComp(it) => self.comprehension(Gathered::Item(&it.elt), &it.generators, range),
            Expr::Generator(it) => self.comprehension(Gathered::Item(&it.elt), &it.generators, range),
            Expr::DictComp(it) => {
                self.comprehension(Gathered::Entry { key: it.key.as_deref(), value: &it.value }, &it.generators, range)
            }
            Expr::Await(it) => {
                let value = self.expression(&it.value);
                self.node(Node::Await(value), range)
            }
            Expr::Yield(it) => {
                let value = it.value.as_deref().map_or(NodeId::NOTHING, |value| self.expression(value));
                self.node(Node::Yield(value), range)
            }
            Expr::YieldFrom(it) => {
                let value = self.expression(&it.value);
                self.node(Node::Yield(value), range)
            }
            Expr::Compare(it) => self.compare(it),
            Expr::Call(it) => self.call_expression(it),
            Expr::FString(it) => self.f_string(it),
            Expr::TString(_) => self.special("except", &[], range),
            Expr::StringLiteral(it) => self.string(it.value.to_str(), range),
            Expr::BytesLiteral(it) => {
                let bytes = it.value.as_slice().iter().flat_map(|part| part.value.iter());
                let text: String = bytes.map(|byte| char::from(*byte)).collect();
                let id = self.intern(&text);
                self.node(Node::Bytes(id), range)
            }
            Expr::NumberLiteral(it) => self.number(&it.value, range),
            Expr::BooleanLiteral(it) => self.node(Node::Bool(it.value), range),
            Expr::NoneLiteral(_) => self.node(Node::Null, range),
            Expr::EllipsisLiteral(_) | Expr::IpyEscapeCommand(_) => self.node(Node::Undefined, range),
            Expr::Attribute(it) => {
                let object = self.expression(&it.value);
                self.member(object, it.attr.as_str(), range)
            }
            Expr::Subscript(it) => self.subscript(it),
            Expr::Starred(it) => {
                let value = self.expression(&it.value);
                self.node(Node::Spread(value), range)
            }
            Expr::Name(it) => self.name(&it.id, range),
            Expr::Slice(it) => self.slice(it),
        }
    }

    fn slice(&mut self, it: &ExprSlice) -> NodeId {
        let range = it.range();
        let mut part = |part: &Option<Box<Expr>>| match part {
            Some(part) => self.expression(part),
            None => self.node(Node::Null, range),
        };
        let parts = [part(&it.lower), part(&it.upper), part(&it.step)];
        self.special("slice", &parts, range)
    }

    fn fold(&mut self, values: &[Expr], range: TextRange, join: impl Fn(NodeId, NodeId) -> Node) -> NodeId {
        let mut values = values.iter();
        let Some(first) = values.next() else { return self.node(Node::Undefined, range) };
        let mut left = self.expression(first);
        for value in values {
            let right = self.expression(value);
            left = self.node(join(left, right), range);
        }
        left
    }

    /// Chains that lean to the left are walked in a loop: generated code holds thousands of terms.
    fn binary(&mut self, it: &ExprBinOp) -> NodeId {
        let mut pending = vec![it];
        let mut leftmost = &*it.left;
        while let Expr::BinOp(inner) = leftmost {
            pending.push(inner);
            leftmost = &inner.left;
        }
        let mut left = self.expression(leftmost);
        while let Some(one) = pending.pop() {
            let right = self.expression(&one.right);
            left = match binary(one.op) {
                Some(op) => self.node(Node::Binary { op, left, right }, one.range()),
                None => self.special("except", &[left, right], one.range()),
            };
        }
        left
    }

    fn number(&mut self, number: &Number, range: TextRange) -> NodeId {
        let node = match number {
            Number::Int(int) => match int.as_i64() {
                Some(value) => Node::Number(value as f64),
                None => Node::BigInt(self.intern(&int.to_string())),
            },
            Number::Float(value) => Node::Number(*value),
            Number::Complex { .. } => Node::Undefined,
        };
        self.node(node, range)
    }

    fn array(&mut self, items: &[Expr], range: TextRange) -> NodeId {
        let items: Vec<NodeId> = items.iter().map(|item| self.expression(item)).collect();
        let list = self.list(&items);
        self.node(Node::Array(list), range)
    }

    fn dict(&mut self, it: &ExprDict) -> NodeId {
        let mut entries = Vec::with_capacity(it.items.len());
        for item in &it.items {
            let key = match &item.key {
                None => Key::Spread,
                Some(Expr::StringLiteral(text)) => Key::Name(self.intern(text.value.to_str())),
                Some(key) => Key::Computed(self.expression(key)),
            };
            let value = self.expression(&item.value);
            entries.push(Property { key, value, kind: PropertyKind::Value });
        }
        let properties = self.properties(entries);
        self.node(Node::Object(properties), it.range())
    }

    fn subscript(&mut self, it: &ExprSubscript) -> NodeId {
        let object = self.expression(&it.value);
        let index = self.expression(&it.slice);
        self.node(Node::Index { object, index }, it.range())
    }

    /// `a < b < c`: each pair, all of them.
    fn compare(&mut self, it: &ExprCompare) -> NodeId {
        let range = it.range();
        let mut left = self.expression(&it.left);
        let mut all: Option<NodeId> = None;
        for (at, (op, right)) in it.ops.iter().zip(&it.comparators).enumerate() {
            let right = self.expression(right);
            let is_last = at + 1 == it.ops.len();
            let (right, again) = if is_last { (right, right) } else { self.once(right, range) };
            let one = self.comparison(*op, left, right, range);
            all = Some(match all {
                Some(all) => self.node(Node::Logical { op: LogicalOp::And, left: all, right: one }, range),
                None => one,
            });
            left = again;
        }
        all.unwrap_or(left)
    }

    fn comparison(&mut self, op: CmpOp, left: NodeId, right: NodeId, range: TextRange) -> NodeId {
        let op = match op {
            CmpOp::Eq => BinaryOp::LooseEqual,
            CmpOp::NotEq => BinaryOp::LooseNotEqual,
            CmpOp::Lt => BinaryOp::Less,
            CmpOp::LtE => BinaryOp::LessEqual,
            CmpOp::Gt => BinaryOp::Greater,
            CmpOp::GtE => BinaryOp::GreaterEqual,
            CmpOp::Is => BinaryOp::StrictEqual,
            CmpOp::IsNot => BinaryOp::StrictNotEqual,
            CmpOp::In | CmpOp::NotIn => {
                let within = self.special("in", &[left, right], range);
                return match op {
                    CmpOp::In => within,
                    _ => self.node(Node::Unary(UnaryOp::Not, within), range),
                };
            }
        };
        self.node(Node::Binary { op, left, right }, range)
    }

    fn call_expression(&mut self, it: &ExprCall) -> NodeId {
        let range = it.range();
        // `super().__init__(…)`, `super(Class, self).method(…)`
        let callee = match &*it.func {
            Expr::Attribute(attribute) if is_super_call(&attribute.value) => {
                let object = self.node(Node::Super, range);
                match attribute.attr.as_str() {
                    "__init__" => object,
                    name => self.member(object, name, range),
                }
            }
            func => self.expression(func),
        };
        let mut args: Vec<NodeId> = it.arguments.args.iter().map(|arg| self.expression(arg)).collect();
        if !it.arguments.keywords.is_empty() {
            let mut entries = Vec::with_capacity(it.arguments.keywords.len());
            for keyword in &it.arguments.keywords {
                let key = match &keyword.arg {
                    Some(name) => Key::Name(self.intern(name.as_str())),
                    None => Key::Spread,
                };
                let value = self.expression(&keyword.value);
                entries.push(Property { key, value, kind: PropertyKind::Value });
            }
            let properties = self.properties(entries);
            args.push(self.node(Node::Keywords(properties), range));
        }
        self.call(callee, &args, range)
    }

    fn f_string(&mut self, it: &ExprFString) -> NodeId {
        let range = it.range();
        let mut parts = Vec::new();
        for part in it.value.as_slice() {
            match part {
                FStringPart::Literal(literal) => parts.push(self.string(&literal.value, range)),
                FStringPart::FString(f_string) => {
                    for element in &f_string.elements {
                        parts.push(match element {
                            InterpolatedStringElement::Literal(literal) => self.string(&literal.value, range),
                            InterpolatedStringElement::Interpolation(inner) => {
                                let value = self.expression(&inner.expression);
                                match &inner.format_spec {
                                    Some(spec) => {
                                        let spec = self.text(&**spec).to_owned();
                                        let spec = self.string(&spec, range);
                                        self.special("format", &[value, spec], range)
                                    }
                                    None => value,
                                }
                            }
                        });
                    }
                }
            }
        }
        if parts.is_empty() {
            return self.string("", range);
        }
        let list = self.list(&parts);
        self.node(Node::Concat(list), range)
    }
}

fn is_super_call(expression: &Expr) -> bool {
    matches!(expression, Expr::Call(call) if matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "super"))
}

pub(super) fn binary(op: Operator) -> Option<BinaryOp> {
    Some(match op {
        Operator::Add => BinaryOp::Add,
        Operator::Sub => BinaryOp::Sub,
        Operator::Mult => BinaryOp::Mul,
        Operator::MatMult => return None,
        Operator::Div => BinaryOp::Div,
        Operator::Mod => BinaryOp::Rem,
        Operator::Pow => BinaryOp::Pow,
        Operator::LShift => BinaryOp::Shl,
        Operator::RShift => BinaryOp::Shr,
        Operator::BitOr => BinaryOp::BitOr,
        Operator::BitXor => BinaryOp::BitXor,
        Operator::BitAnd => BinaryOp::BitAnd,
        Operator::FloorDiv => BinaryOp::FloorDiv,
    })
}
