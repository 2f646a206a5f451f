//! The actions of the server that are used, one method each.

use super::client::{Client, SMALL_ANSWER};
use super::message::{Reply, Request, Value};
use super::trouble::{Trouble, garbled};

/// An index of the server's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub index: String,
    /// Dimensions of a vector.
    pub d: u32,
    /// Vectors in it.
    pub rows: u64,
    /// Name of the index that an id map is over.
    pub base: Option<String>,
}

/// What the server tells of an index beside its size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The class of FAISS.
    pub class: String,
    /// Whether it is trained.
    pub is_trained: bool,
    /// Numbers by FAISS's names: `nlist`, `nprobe`, `M`, ...
    pub params: Vec<(&'static str, String)>,
}

/// What a query found, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Answers {
    /// Ids, -1 where nothing was found.
    pub labels: Vec<i64>,
    /// Distances or products.
    pub distances: Vec<f64>,
}

/// No class has a parameter of this name, so the server answers with the name of the class (`set_parameter`).
const NO_PARAMETER: &str = "faissil_class";

impl Client {
    /// All indexes of the server (`list_indices`).
    ///
    /// # Errors
    /// As every question.
    pub fn list(&mut self) -> Result<Vec<Listed>, Trouble> {
        let reply = self.ask(Request::new("list_indices"))?;
        let Some(list) = reply.fields.list("indexes") else { return garbled("no list of indexes") };
        let listed = |entry: &Value| {
            let index = entry.text("index_id")?.into();
            let d = u32::try_from(entry.number("dimension")?).ok()?;
            let base = entry.text("base_index_id").map(String::from);
            Some(Listed { index, d, rows: entry.number("vector_count")?, base })
        };
        list.iter()
            .map(listed)
            .collect::<Option<_>>()
            .ok_or_else(|| Trouble::Garbled("a strange entry in its list".into()))
    }

    /// One index of the list.
    ///
    /// # Errors
    /// [`Trouble::Denied`] when it is not there.
    pub fn find(&mut self, index: &str) -> Result<Listed, Trouble> {
        let found = self.list()?.into_iter().find(|listed| listed.index == index);
        found.ok_or_else(|| Trouble::Denied(format!("there is no index `{}`", index.escape_debug())))
    }

    /// What an index is (`get_index_status`, or by the way around it, see [`quirks`](super::quirks)).
    ///
    /// # Errors
    /// As every question.
    pub fn status(&mut self, index: &str) -> Result<Status, Trouble> {
        match self.ask(Request::new("get_index_status").text("index_id", index)) {
            Ok(reply) => {
                let status = reply.fields.get("status");
                let Some(class) = status.and_then(|status| status.text("index_type")) else {
                    return garbled("a status without a class");
                };
                let known = [("nlist", "nlist"), ("nprobe", "nprobe"), ("pq_m", "M"), ("pq_nbits", "nbits")];
                let params = known.iter().filter_map(|(key, name)| Some((*name, status?.number(key)?.to_string())));
                let is_trained = status.and_then(|status| status.bool("is_trained")).unwrap_or(true);
                Ok(Status { class: class.into(), is_trained, params: params.collect() })
            }
            Err(Trouble::Denied(words)) if words.starts_with("Server error") => self.status_around(index),
            Err(trouble) => Err(trouble),
        }
    }

    fn status_around(&mut self, index: &str) -> Result<Status, Trouble> {
        let request =
            Request::new("set_parameter").text("index_id", index).text("parameter", NO_PARAMETER).number("value", 0);
        let class = match self.ask(request) {
            Err(Trouble::Denied(words)) => {
                words.rsplit_once('(').and_then(|(_, end)| Some(end.strip_suffix(')')?.to_string()))
            }
            Err(trouble) => return Err(trouble),
            Ok(_) => None,
        };
        let Some(class) = class.filter(|class| class.starts_with("Index")) else {
            return garbled("it does not tell the class");
        };
        let mut params = Vec::new();
        for name in ["efConstruction", "efSearch"] {
            if let Some(value) = self.parameter(index, name)?.and_then(|value| value.number("param_value")) {
                params.push((name, value.to_string()));
            }
        }
        let is_trained =
            self.parameter(index, "is_trained")?.and_then(|value| value.bool("param_value")).unwrap_or(true);
        Ok(Status { class, is_trained, params })
    }

    /// A parameter, where the index has it.
    fn parameter(&mut self, index: &str, name: &str) -> Result<Option<Value>, Trouble> {
        match self.ask(Request::new("get_parameter").text("index_id", index).text("parameter", name)) {
            Ok(reply) => Ok(Some(reply.fields)),
            Err(Trouble::Denied(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// The metric, FAISS's number, where the server tells it (`get_index_info`): of flat, IVF and PQ indexes.
    ///
    /// # Errors
    /// As every question.
    pub fn metric(&mut self, index: &str) -> Result<Option<i32>, Trouble> {
        let reply = match self.ask(Request::new("get_index_info").text("index_id", index)) {
            Err(Trouble::Denied(_)) => return Ok(None),
            reply => reply?,
        };
        Ok(match reply.fields.get("configuration").and_then(|found| found.text("metric")) {
            Some("L2") => Some(1),
            Some("IP") => Some(0),
            _ => None,
        })
    }

    /// The class behind the transforms of an `IndexPreTransform` (`get_transform_info`).
    ///
    /// # Errors
    /// As every question.
    pub fn behind_transforms(&mut self, index: &str) -> Result<Option<String>, Trouble> {
        match self.ask(Request::new("get_transform_info").text("index_id", index)) {
            Ok(reply) => Ok(reply.fields.get("base_index").and_then(|base| base.text("type")).map(String::from)),
            Err(Trouble::Denied(_)) => Ok(None),
            Err(trouble) => Err(trouble),
        }
    }

    /// Send for rows (`reconstruct_n`), and do something else until [`rows`](Client::rows) brings them.
    ///
    /// # Errors
    /// None that [`rows`](Client::rows) would not meet again and get over.
    pub fn send_for_rows(&mut self, index: &str, first: u64, rows: u64) {
        let request = Request::new("reconstruct_n").text("index_id", index).number("start_idx", first);
        self.start(request.number("num_vectors", rows));
    }

    /// The answer to what was sent, as it came: at most `rows` vectors of `d` dimensions.
    ///
    /// # Errors
    /// As every question.
    pub fn rows(&mut self, rows: u64, d: u32) -> Result<Vec<u8>, Trouble> {
        self.finish(most_for(rows, d))
    }

    /// The vectors in an answer, little-endian float32.
    ///
    /// # Errors
    /// When they are not `rows` vectors of `d` dimensions.
    pub fn vectors_in(answer: &[u8], rows: u64, d: u32) -> Result<Vec<u8>, Trouble> {
        let floats = Reply::parse(answer, Some(d))?.floats;
        if floats.len() as u64 != rows * u64::from(d) * 4 {
            return garbled(format!(
                "{} vectors where {rows} were asked for",
                floats.len() as u64 / 4 / u64::from(d).max(1)
            ));
        }
        Ok(floats)
    }

    /// Rows, asked for and waited for.
    ///
    /// # Errors
    /// As every question.
    pub fn reconstruct_range(&mut self, index: &str, first: u64, rows: u64, d: u32) -> Result<Vec<u8>, Trouble> {
        self.again_when_garbled(|client| {
            client.send_for_rows(index, first, rows);
            let answer = client.rows(rows, d)?;
            Client::vectors_in(&answer, rows, d)
        })
    }

    /// One row (`reconstruct`).
    ///
    /// # Errors
    /// As every question.
    pub fn reconstruct_one(&mut self, index: &str, row: u64, d: u32) -> Result<Vec<u8>, Trouble> {
        let reply = self.ask(Request::new("reconstruct").text("index_id", index).number("idx", row))?;
        let numbers = reply.fields.list("vector").unwrap_or_default();
        if numbers.len() as u64 != u64::from(d) {
            return garbled(format!("a vector of {} dimensions", numbers.len()));
        }
        let float = |number: &Value| match number {
            Value::Float(wide) if f64::from(*wide as f32) == *wide || wide.is_nan() => {
                Some((*wide as f32).to_le_bytes())
            }
            _ => None,
        };
        let floats: Option<Vec<[u8; 4]>> = numbers.iter().map(float).collect();
        floats.map(|floats| floats.concat()).ok_or_else(|| Trouble::Garbled("a vector of what are no float32".into()))
    }

    /// The `k` nearest of each query (`search`), `queries` being little-endian float32.
    ///
    /// # Errors
    /// As every question; a time-out of the server is [`Trouble::Denied`].
    pub fn search(&mut self, index: &str, queries: &[u8], d: u32, k: u64) -> Result<Vec<Answers>, Trouble> {
        let count = queries.len() as u64 / 4 / u64::from(d).max(1);
        let request =
            Request::new("search").text("index_id", index).number("k", k).vectors("query_vectors", queries, d);
        let reply = self.again_when_garbled(|client| {
            client.start(request.clone());
            let answer = client.finish(SMALL_ANSWER + count * k * 32)?;
            Reply::parse(&answer, None)
        })?;
        let results = reply.fields.list("results").unwrap_or_default();
        if results.len() as u64 != count {
            return garbled(format!("{} answers to {count} queries", results.len()));
        }
        let answers = |entry: &Value| {
            let label = |value: &Value| if let Value::Int(label) = value { Some(*label) } else { None };
            let distance = |value: &Value| match value {
                Value::Float(distance) => Some(*distance),
                Value::Int(distance) => Some(*distance as f64),
                _ => None,
            };
            let labels: Vec<i64> = entry.list("indices")?.iter().map(label).collect::<Option<_>>()?;
            let distances: Vec<f64> = entry.list("distances")?.iter().map(distance).collect::<Option<_>>()?;
            (labels.len() == distances.len() && labels.len() as u64 <= k).then_some(Answers { labels, distances })
        };
        results
            .iter()
            .map(answers)
            .collect::<Option<_>>()
            .ok_or_else(|| Trouble::Garbled("a strange answer to a query".into()))
    }

    /// Make an index (`create_index`). `kind` is a type in the server's words: `L2`, `IDMap2:IP`, `HNSW32`.
    ///
    /// # Errors
    /// As every question; it is not asked twice.
    pub fn create(&mut self, index: &str, d: u32, kind: &str) -> Result<(), Trouble> {
        let request = Request::new("create_index").text("index_id", index);
        self.once(request.number("dimension", d.into()).text("index_type", kind)).map(drop)
    }

    /// Train an index (`train_index`).
    ///
    /// # Errors
    /// As every question; it is not asked twice.
    pub fn train(&mut self, index: &str, vectors: &[u8], d: u32) -> Result<(), Trouble> {
        self.once(Request::new("train_index").text("index_id", index).vectors("training_vectors", vectors, d)).map(drop)
    }

    /// Add vectors, with ids where they are given (`add_vectors`). Gives the number of vectors in the index then.
    ///
    /// # Errors
    /// As every question; it is not asked twice, since what was added may have arrived.
    pub fn add(&mut self, index: &str, vectors: &[u8], d: u32, ids: Option<&[i64]>) -> Result<u64, Trouble> {
        let request = Request::new("add_vectors").text("index_id", index).vectors("vectors", vectors, d);
        let request = if let Some(ids) = ids { request.ids("ids", ids) } else { request };
        let reply = self.once(request)?;
        reply.fields.number("ntotal").ok_or_else(|| Trouble::Garbled("no number of vectors".into()))
    }

    /// Remove all vectors of an index (`reset`).
    ///
    /// # Errors
    /// As every question.
    pub fn reset(&mut self, index: &str) -> Result<(), Trouble> {
        self.once(Request::new("reset").text("index_id", index)).map(drop)
    }

    /// Delete an index (`delete_index`).
    ///
    /// # Errors
    /// As every question.
    pub fn delete(&mut self, index: &str) -> Result<(), Trouble> {
        self.once(Request::new("delete_index").text("index_id", index)).map(drop)
    }
}

/// Bytes of an answer with so many vectors: nine a number, five a vector, and what is around them.
fn most_for(rows: u64, d: u32) -> u64 {
    rows * (u64::from(d) * 9 + 5) + (1 << 16)
}
