//! Expressions.
//!
//! Chains that lean to the left (`a.b().c`, `a + b + c`) are walked by a loop, not by
//! recursion: bundles hold sums of thousands of terms. Each kind of expression has a
//! function of its own, so that the frame of the recursive ones stays small.

use oxc_ast::ast::{self, Expression};
use oxc_span::GetSpan;
use oxc_syntax::number::ToJsString;

use super::context::{Context, without_surrogates};
use crate::ir::{BinaryOp, Key, List, LogicalOp, Node, NodeId, PropertyKind, UnaryOp};

/// An operator that waits for its left operand.
#[derive(Clone, Copy)]
pub(super) enum Pending<'a> {
    Binary(&'a ast::BinaryExpression<'a>),
    Logical(&'a ast::LogicalExpression<'a>),
    Call(&'a ast::CallExpression<'a>),
    Member(&'a ast::StaticMemberExpression<'a>),
    Index(&'a ast::ComputedMemberExpression<'a>),
    Private(&'a ast::PrivateFieldExpression<'a>),
    Tagged(&'a ast::TaggedTemplateExpression<'a>),
}

impl<'a> Context<'a, '_> {
    pub(super) fn expression(&mut self, expression: &'a Expression<'a>) -> NodeId {
        let mark = self.pending.len();
        let mut current = expression;
        while let Some(left) = self.descend(current) {
            current = left;
        }
        if !self.enter(current.span().start) {
            self.pending.truncate(mark);
            return NodeId::NOTHING;
        }
        let value = self.leaf(current);
        let value = self.unwind(mark, value);
        self.leave();
        value
    }

    pub(super) fn optional(&mut self, expression: Option<&'a Expression<'a>>) -> NodeId {
        expression.map_or(NodeId::NOTHING, |expression| self.expression(expression))
    }

    pub(super) fn expressions(&mut self, expressions: impl Iterator<Item = &'a Expression<'a>>) -> List {
        let mark = self.mark();
        for expression in expressions {
            let id = self.expression(expression);
            self.push(id);
        }
        self.list(mark)
    }

    /// The left operand of an expression that leans to the left; the rest waits in `pending`.
    fn descend(&mut self, expression: &'a Expression<'a>) -> Option<&'a Expression<'a>> {
        let (pending, left) = match expression {
            Expression::BinaryExpression(it) => (Pending::Binary(it), &it.left),
            Expression::LogicalExpression(it) => (Pending::Logical(it), &it.left),
            Expression::CallExpression(it) => (Pending::Call(it), &it.callee),
            Expression::StaticMemberExpression(it) => (Pending::Member(it), &it.object),
            Expression::ComputedMemberExpression(it) => (Pending::Index(it), &it.object),
            Expression::PrivateFieldExpression(it) => (Pending::Private(it), &it.object),
            Expression::TaggedTemplateExpression(it) => (Pending::Tagged(it), &it.tag),
            Expression::ChainExpression(it) => return Some(self.descend_chain(&it.expression)),
            Expression::ParenthesizedExpression(it) => return Some(&it.expression),
            Expression::TSAsExpression(it) => return Some(&it.expression),
            Expression::TSSatisfiesExpression(it) => return Some(&it.expression),
            Expression::TSTypeAssertion(it) => return Some(&it.expression),
            Expression::TSNonNullExpression(it) => return Some(&it.expression),
            Expression::TSInstantiationExpression(it) => return Some(&it.expression),
            _ => return None,
        };
        self.pending.push(pending);
        Some(left)
    }

    fn descend_chain(&mut self, element: &'a ast::ChainElement<'a>) -> &'a Expression<'a> {
        let (pending, left) = match element {
            ast::ChainElement::CallExpression(it) => (Pending::Call(it), &it.callee),
            ast::ChainElement::StaticMemberExpression(it) => (Pending::Member(it), &it.object),
            ast::ChainElement::ComputedMemberExpression(it) => (Pending::Index(it), &it.object),
            ast::ChainElement::PrivateFieldExpression(it) => (Pending::Private(it), &it.object),
            ast::ChainElement::TSNonNullExpression(it) => return &it.expression,
        };
        self.pending.push(pending);
        left
    }

    /// Lowers a member access that stands as an assignment target or the like.
    pub(super) fn member(&mut self, pending: Pending<'a>, object: &'a Expression<'a>) -> NodeId {
        let object = self.expression(object);
        self.complete(pending, object)
    }

    fn unwind(&mut self, mark: usize, mut value: NodeId) -> NodeId {
        let mut links = 0;
        while self.pending.len() > mark {
            let Some(pending) = self.pending.pop() else { break };
            links += 1;
            if links > self.max_chain {
                self.refuse(self.module.span(value).start);
            }
            value = match pending {
                Pending::Binary(it) if it.operator == ast::BinaryOperator::Addition => self.sum(mark, it, value),
                _ => self.complete(pending, value),
            };
        }
        value
    }

    /// `left + …`, with all the `+` that follow. From the first string on, a sum is a
    /// concatenation: one flat node, however many terms it has.
    fn sum(&mut self, mark: usize, first: &'a ast::BinaryExpression<'a>, left: NodeId) -> NodeId {
        let right = self.expression(&first.right);
        if !self.is_string(left) && !self.is_string(right) {
            return self.node(Node::Binary { op: BinaryOp::Add, left, right }, first.span);
        }
        let start = self.mark();
        self.push(left);
        self.push(right);
        let mut span = first.span;
        while self.pending.len() > mark
            && let Some(Pending::Binary(next)) = self.pending.last().copied()
            && next.operator == ast::BinaryOperator::Addition
        {
            self.pending.pop();
            let right = self.expression(&next.right);
            self.push(right);
            span = next.span;
        }
        let list = self.list(start);
        self.node(Node::Concat(list), span)
    }

    fn is_string(&self, id: NodeId) -> bool {
        matches!(self.module.node(id), Node::Str(_) | Node::Concat(_) | Node::Unary(UnaryOp::Typeof, _))
    }

    fn complete(&mut self, pending: Pending<'a>, left: NodeId) -> NodeId {
        match pending {
            Pending::Binary(it) => {
                let right = self.expression(&it.right);
                self.node(Node::Binary { op: binary_op(it.operator), left, right }, it.span)
            }
            Pending::Logical(it) => {
                let right = self.expression(&it.right);
                self.node(Node::Logical { op: logical_op(it.operator), left, right }, it.span)
            }
            Pending::Call(it) => {
                let args = self.arguments(&it.arguments);
                self.node(Node::Call { callee: left, args }, it.span)
            }
            Pending::Member(it) => {
                let name = self.intern(&it.property.name);
                self.node(Node::Member { object: left, name }, it.span)
            }
            Pending::Index(it) => self.index(it, left),
            Pending::Private(it) => {
                let name = self.private_name(&it.field);
                self.node(Node::Member { object: left, name }, it.span)
            }
            Pending::Tagged(it) => self.tagged(it, left),
        }
    }

    fn index(&mut self, it: &'a ast::ComputedMemberExpression<'a>, object: NodeId) -> NodeId {
        let index = self.expression(&it.expression);
        match self.module.node(index) {
            Node::Str(name) => self.node(Node::Member { object, name }, it.span),
            _ => self.node(Node::Index { object, index }, it.span),
        }
    }

    pub(super) fn private_name(&mut self, name: &ast::PrivateIdentifier<'_>) -> crate::ir::StrId {
        self.intern(&format!("#{}", name.name))
    }

    fn tagged(&mut self, it: &'a ast::TaggedTemplateExpression<'a>, tag: NodeId) -> NodeId {
        let raw = self.is_string_raw(tag);
        let mark = self.mark();
        for (at, quasi) in it.quasi.quasis.iter().enumerate() {
            let part = if raw { self.string(&quasi.value.raw, quasi.span) } else { self.quasi(quasi) };
            self.push(part);
            if let Some(expression) = it.quasi.expressions.get(at) {
                let id = self.expression(expression);
                self.push(id);
            }
        }
        let parts = self.list(mark);
        self.node(Node::Tagged { tag, parts }, it.span)
    }

    fn is_string_raw(&mut self, tag: NodeId) -> bool {
        let Node::Member { object, name } = self.module.node(tag) else { return false };
        let Node::Global(global) = self.module.node(object) else { return false };
        name == self.intern("raw") && global == self.intern("String")
    }

    fn quasi(&mut self, quasi: &ast::TemplateElement<'_>) -> NodeId {
        let text = quasi.value.cooked.as_ref().unwrap_or(&quasi.value.raw);
        if quasi.lone_surrogates {
            return self.string(&without_surrogates(text), quasi.span);
        }
        self.string(text, quasi.span)
    }

    /// An expression that does not lean to the left.
    fn leaf(&mut self, expression: &'a Expression<'a>) -> NodeId {
        match expression {
            Expression::Identifier(it) => self.reference(it),
            Expression::StringLiteral(it) => self.string_literal(it),
            Expression::NumericLiteral(it) => self.node(Node::Number(it.value), it.span),
            Expression::BooleanLiteral(it) => self.node(Node::Bool(it.value), it.span),
            Expression::NullLiteral(it) => self.node(Node::Null, it.span),
            Expression::ThisExpression(it) => self.node(Node::This, it.span),
            Expression::Super(it) => self.node(Node::Super, it.span),
            Expression::ImportMeta(it) => self.node(Node::ImportMeta, it.span),
            Expression::NewTarget(it) => self.node(Node::NewTarget, it.span),
            Expression::BigIntLiteral(it) => self.bigint(it),
            Expression::RegExpLiteral(it) => self.regex(it),
            Expression::FunctionExpression(it) => self.function_expression(it),
            Expression::ArrowFunctionExpression(it) => self.arrow(it),
            Expression::ClassExpression(it) => self.class_expression(it),
            Expression::JSXElement(it) => self.element(it),
            Expression::JSXFragment(it) => self.fragment(it),
            Expression::ObjectExpression(it) => self.object(it),
            Expression::ArrayExpression(it) => self.array(it),
            Expression::AssignmentExpression(it) => self.assignment(it),
            Expression::UpdateExpression(it) => self.update(it),
            Expression::UnaryExpression(it) => self.unary(it),
            Expression::ConditionalExpression(it) => self.conditional(it),
            _ => self.rare_leaf(expression),
        }
    }

    fn rare_leaf(&mut self, expression: &'a Expression<'a>) -> NodeId {
        match expression {
            Expression::TemplateLiteral(it) => self.template(it),
            Expression::NewExpression(it) => self.new_expression(it),
            Expression::SequenceExpression(it) => {
                let list = self.expressions(it.expressions.iter());
                self.node(Node::Sequence(list), it.span)
            }
            Expression::AwaitExpression(it) => {
                let value = self.expression(&it.argument);
                self.node(Node::Await(value), it.span)
            }
            Expression::YieldExpression(it) => {
                let value = match &it.argument {
                    Some(argument) => self.expression(argument),
                    None => self.node(Node::Undefined, it.span),
                };
                self.node(Node::Yield(value), it.span)
            }
            Expression::ImportExpression(it) => self.import_expression(it),
            Expression::PrivateInExpression(it) => self.private_in(it),
            Expression::V8IntrinsicExpression(it) => {
                let callee = self.global(&format!("%{}", it.name.name), it.name.span);
                let args = self.arguments(&it.arguments);
                self.node(Node::Call { callee, args }, it.span)
            }
            // `leaf` and `descend` take all the others.
            _ => NodeId::NOTHING,
        }
    }

    pub(super) fn string_literal(&mut self, it: &ast::StringLiteral<'_>) -> NodeId {
        let id = self.literal_name(it);
        self.node(Node::Str(id), it.span)
    }

    pub(super) fn literal_name(&mut self, it: &ast::StringLiteral<'_>) -> crate::ir::StrId {
        if it.lone_surrogates { self.intern(&without_surrogates(&it.value)) } else { self.intern(&it.value) }
    }

    fn bigint(&mut self, it: &ast::BigIntLiteral<'_>) -> NodeId {
        let digits = self.intern(&it.value);
        self.node(Node::BigInt(digits), it.span)
    }

    fn regex(&mut self, it: &ast::RegExpLiteral<'_>) -> NodeId {
        let pattern = self.intern(&it.regex.pattern.text);
        let flags = self.intern(&it.regex.flags.to_string());
        self.node(Node::Regex { pattern, flags }, it.span)
    }

    fn template(&mut self, it: &'a ast::TemplateLiteral<'a>) -> NodeId {
        if let ([only], []) = (it.quasis.as_slice(), it.expressions.as_slice()) {
            return self.quasi_as(only, it.span);
        }
        let mark = self.mark();
        for (at, quasi) in it.quasis.iter().enumerate() {
            if !quasi.value.raw.is_empty() {
                let id = self.quasi(quasi);
                self.push(id);
            }
            if let Some(expression) = it.expressions.get(at) {
                let id = self.expression(expression);
                self.push(id);
            }
        }
        let list = self.list(mark);
        self.node(Node::Concat(list), it.span)
    }

    fn quasi_as(&mut self, quasi: &ast::TemplateElement<'_>, span: oxc_span::Span) -> NodeId {
        let id = self.quasi(quasi);
        self.module.spans[id.index()] = vetch_model::Span { start: span.start, end: span.end };
        id
    }

    pub(super) fn arguments(&mut self, arguments: &'a [ast::Argument<'a>]) -> List {
        let mark = self.mark();
        for argument in arguments {
            let id = match argument {
                ast::Argument::SpreadElement(it) => self.spread(it),
                _ => self.optional(argument.as_expression()),
            };
            self.push(id);
        }
        self.list(mark)
    }

    fn spread(&mut self, it: &'a ast::SpreadElement<'a>) -> NodeId {
        let value = self.expression(&it.argument);
        self.node(Node::Spread(value), it.span)
    }

    fn array(&mut self, it: &'a ast::ArrayExpression<'a>) -> NodeId {
        let mark = self.mark();
        for element in &it.elements {
            let id = match element {
                ast::ArrayExpressionElement::SpreadElement(it) => self.spread(it),
                ast::ArrayExpressionElement::Elision(_) => NodeId::NOTHING,
                _ => self.optional(element.as_expression()),
            };
            self.push(id);
        }
        let list = self.list(mark);
        self.node(Node::Array(list), it.span)
    }

    fn object(&mut self, it: &'a ast::ObjectExpression<'a>) -> NodeId {
        let mark = self.mark_properties();
        for property in &it.properties {
            match property {
                ast::ObjectPropertyKind::ObjectProperty(it) => {
                    let key = self.key(&it.key, it.computed);
                    let value = self.expression(&it.value);
                    let kind = match it.kind {
                        ast::PropertyKind::Init => PropertyKind::Value,
                        ast::PropertyKind::Get => PropertyKind::Get,
                        ast::PropertyKind::Set => PropertyKind::Set,
                    };
                    self.property(key, value, kind);
                }
                ast::ObjectPropertyKind::SpreadProperty(it) => {
                    let value = self.expression(&it.argument);
                    self.property(Key::Spread, value, PropertyKind::Value);
                }
            }
        }
        let properties = self.property_list(mark);
        self.node(Node::Object(properties), it.span)
    }

    /// A property's key; a computed key that is a constant counts as written out.
    pub(super) fn key(&mut self, key: &'a ast::PropertyKey<'a>, computed: bool) -> Key {
        match key {
            ast::PropertyKey::StaticIdentifier(it) => Key::Name(self.intern(&it.name)),
            ast::PropertyKey::PrivateIdentifier(it) => Key::Name(self.private_name(it)),
            ast::PropertyKey::StringLiteral(it) => Key::Name(self.literal_name(it)),
            ast::PropertyKey::NumericLiteral(it) => Key::Name(self.intern(&it.value.to_js_string())),
            ast::PropertyKey::BigIntLiteral(it) if !computed => Key::Name(self.intern(&it.value)),
            _ => {
                let id = self.optional(key.as_expression());
                match self.module.node(id) {
                    Node::Str(name) => Key::Name(name),
                    _ => Key::Computed(id),
                }
            }
        }
    }

    fn update(&mut self, it: &'a ast::UpdateExpression<'a>) -> NodeId {
        let target = self.simple_target(&it.argument);
        let increment = it.operator == ast::UpdateOperator::Increment;
        self.node(Node::Update { increment, prefix: it.prefix, target }, it.span)
    }

    fn unary(&mut self, it: &'a ast::UnaryExpression<'a>) -> NodeId {
        if it.operator == ast::UnaryOperator::Void && matches!(it.argument, Expression::NumericLiteral(_)) {
            return self.node(Node::Undefined, it.span);
        }
        let value = self.expression(&it.argument);
        self.node(Node::Unary(unary_op(it.operator), value), it.span)
    }

    fn conditional(&mut self, it: &'a ast::ConditionalExpression<'a>) -> NodeId {
        let test = self.expression(&it.test);
        let yes = self.expression(&it.consequent);
        let no = self.expression(&it.alternate);
        let list = self.list_of(&[test, yes, no]);
        self.node(Node::Conditional(list), it.span)
    }

    fn new_expression(&mut self, it: &'a ast::NewExpression<'a>) -> NodeId {
        let callee = self.expression(&it.callee);
        let args = self.arguments(&it.arguments);
        self.node(Node::New { callee, args }, it.span)
    }

    /// `import(specifier, options)`: options hold attributes only, but are evaluated.
    fn import_expression(&mut self, it: &'a ast::ImportExpression<'a>) -> NodeId {
        let specifier = self.expression(&it.source);
        let Some(options) = &it.options else { return self.node(Node::ImportCall(specifier), it.span) };
        let options = self.expression(options);
        let import = self.node(Node::ImportCall(specifier), it.span);
        let list = self.list_of(&[options, import]);
        self.node(Node::Sequence(list), it.span)
    }

    fn private_in(&mut self, it: &'a ast::PrivateInExpression<'a>) -> NodeId {
        let name = self.private_name(&it.left);
        let left = self.node(Node::Str(name), it.left.span());
        let right = self.expression(&it.right);
        self.node(Node::Binary { op: BinaryOp::In, left, right }, it.span)
    }
}

fn unary_op(operator: ast::UnaryOperator) -> UnaryOp {
    match operator {
        ast::UnaryOperator::UnaryPlus => UnaryOp::Plus,
        ast::UnaryOperator::UnaryNegation => UnaryOp::Minus,
        ast::UnaryOperator::LogicalNot => UnaryOp::Not,
        ast::UnaryOperator::BitwiseNot => UnaryOp::BitNot,
        ast::UnaryOperator::Typeof => UnaryOp::Typeof,
        ast::UnaryOperator::Void => UnaryOp::Void,
        ast::UnaryOperator::Delete => UnaryOp::Delete,
    }
}

pub(super) fn logical_op(operator: ast::LogicalOperator) -> LogicalOp {
    match operator {
        ast::LogicalOperator::Or => LogicalOp::Or,
        ast::LogicalOperator::And => LogicalOp::And,
        ast::LogicalOperator::Coalesce => LogicalOp::Coalesce,
    }
}

pub(super) fn binary_op(operator: ast::BinaryOperator) -> BinaryOp {
    match operator {
        ast::BinaryOperator::Equality => BinaryOp::LooseEqual,
        ast::BinaryOperator::Inequality => BinaryOp::LooseNotEqual,
        ast::BinaryOperator::StrictEquality => BinaryOp::StrictEqual,
        ast::BinaryOperator::StrictInequality => BinaryOp::StrictNotEqual,
        ast::BinaryOperator::LessThan => BinaryOp::Less,
        ast::BinaryOperator::LessEqualThan => BinaryOp::LessEqual,
        ast::BinaryOperator::GreaterThan => BinaryOp::Greater,
        ast::BinaryOperator::GreaterEqualThan => BinaryOp::GreaterEqual,
        ast::BinaryOperator::ShiftLeft => BinaryOp::Shl,
        ast::BinaryOperator::ShiftRight => BinaryOp::Shr,
        ast::BinaryOperator::ShiftRightZeroFill => BinaryOp::UShr,
        ast::BinaryOperator::Addition => BinaryOp::Add,
        ast::BinaryOperator::Subtraction => BinaryOp::Sub,
        ast::BinaryOperator::Multiplication => BinaryOp::Mul,
        ast::BinaryOperator::Division => BinaryOp::Div,
        ast::BinaryOperator::Remainder => BinaryOp::Rem,
        ast::BinaryOperator::BitwiseOR => BinaryOp::BitOr,
        ast::BinaryOperator::BitwiseXOR => BinaryOp::BitXor,
        ast::BinaryOperator::BitwiseAnd => BinaryOp::BitAnd,
        ast::BinaryOperator::In => BinaryOp::In,
        ast::BinaryOperator::Instanceof => BinaryOp::Instanceof,
        ast::BinaryOperator::Exponential => BinaryOp::Pow,
    }
}
