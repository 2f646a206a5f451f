//! What cannot be left out, and why: the words of a [`Refusal`].

use super::holders::Linked;
use super::plan::Refusal;
use super::planner::{Planner, direct_map, sizes};
use crate::bytes::Span;
use crate::outline::{Family, Meaning, Record};
use alloc::{format, string::String, vec::Vec};

impl Planner<'_> {
    /// What is damaged and is neither a row nor something that refers to rows.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        if let Some(fault) = &self.outline.fault {
            let reason = format!("what lies behind it is not understood: {fault}");
            let span = Span::between(self.outline.end, self.outline.file_len);
            return Some(Refusal { span, path: String::new(), reason });
        }
        for leaf in self.outline.leaves() {
            let Some(span) = self.damaged.within(leaf.span).next() else { continue };
            let reason = match leaf.meaning {
                Meaning::Field(_) | Meaning::Count(_) => Some("a field of a header that nothing else records".into()),
                Meaning::Array(array) if self.may_go(array.span) => None,
                Meaning::Lists(_) if self.may_go(leaf.span) => None,
                Meaning::Array(_) | Meaning::Lists(_) => Some(self.why(leaf.span)),
            };
            if let Some(reason) = reason {
                return Some(Refusal { span, path: leaf.path, reason });
            }
        }
        None
    }

    /// Whether what is damaged in this leaf can be taken out.
    fn may_go(&self, leaf: Span) -> bool {
        let holders = &self.holders;
        self.unable.is_none()
            && (holders.arrays.iter().any(|array| array.span == leaf)
                || holders.lists.is_some_and(|(record, lists)| {
                    lists.span == leaf || direct_map(record).is_some_and(|map| map.contains(&leaf))
                })
                || holders.linked.iter().flat_map(Linked::rest).any(|part| part.contains(&leaf)))
    }

    /// Why the leaf at `span`, no row, is needed.
    fn why(&self, span: Span) -> String {
        let around = |record: &&Record| record.span.contains(&span);
        let records: Vec<&Record> = self.outline.records().into_iter().filter(around).collect();
        let inner = records.last().copied().unwrap_or(&self.outline.root);
        if let Some(quantizer) = records.iter().find(|record| record.role == "quantizer") {
            return format!("{} is the coarse quantizer, by which every list was filled", quantizer.class);
        }
        if let Some(transform) = records.iter().find(|record| record.family == Family::Transform) {
            return format!("every vector went through {}", transform.class);
        }
        if self.holders.lists.is_some_and(|(_, lists)| sizes(lists).contains(&span)) {
            return "they are the sizes of the inverted lists, without which no list is found".into();
        }
        match &self.unable {
            Some(unable) => unable.reason.clone(),
            None => format!("every code of {} is read with it", inner.class),
        }
    }
}
