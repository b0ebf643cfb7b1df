//! Statements of VEX in the store: written by document, found by vulnerability and package.

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use vetch_model::advisory::{Advisory, AdvisoryKind};
use vetch_model::history::Time;
use vetch_model::inventory::Ecosystem;
use vetch_model::vex::{Vex, VexStatement};

use super::write::Writer;
use super::{IntelStore, StoreError, number, packed, unpacked};
use crate::matching::{Made, judged};
use crate::record::World;
use crate::vex::{Own, Part, Statement, VexDocument};

/// Made when they are first needed: stores of before have none.
pub(super) const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS vex_documents (
        number INTEGER PRIMARY KEY, author TEXT NOT NULL, id TEXT NOT NULL, modified INTEGER NOT NULL,
        version INTEGER NOT NULL, imported INTEGER NOT NULL, UNIQUE (author, id)
    );
    CREATE TABLE IF NOT EXISTS vex_statements (
        number INTEGER PRIMARY KEY, document INTEGER NOT NULL, value BLOB NOT NULL
    );
    CREATE INDEX IF NOT EXISTS vex_statements_by_document ON vex_statements (document);
    CREATE TABLE IF NOT EXISTS vex_ids (
        id TEXT NOT NULL, ecosystem INTEGER NOT NULL, name TEXT NOT NULL, statement INTEGER NOT NULL,
        PRIMARY KEY (id, ecosystem, name, statement)
    ) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS vex_ids_by_package ON vex_ids (name);
    CREATE INDEX IF NOT EXISTS vex_ids_by_statement ON vex_ids (statement);
";

/// Most statements about one vulnerability of one package. Where there are more, none takes anything off the list.
const MAX_EACH: usize = 1_000;

const FROM: &str = "FROM vex_statements JOIN vex_documents ON vex_documents.number = document";

/// What became of a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct VexTaken {
    /// Statements that came in.
    pub(crate) put: u64,
    /// Statements of an older form of it that went.
    pub(crate) removed: u64,
    /// What is known is as new or newer.
    pub(crate) is_unchanged: bool,
}

impl Writer<'_> {
    /// Takes a document in, as a whole, unless a newer form of it is known. What claims to be of the future is of now.
    pub(crate) fn put_vex(&mut self, document: &VexDocument) -> Result<VexTaken, StoreError> {
        self.put_vex_as_of(document, self.now)
    }

    /// The same, as if it had been imported at that moment.
    pub(crate) fn put_vex_as_of(&mut self, document: &VexDocument, imported: Time) -> Result<VexTaken, StoreError> {
        let now = imported.0;
        let modified = document.modified.map_or(now, |modified| modified.min(now));
        let select = "SELECT number, modified, version FROM vex_documents WHERE author = ?1 AND id = ?2";
        let known: Option<(i64, i64, i64)> = self
            .transaction
            .prepare_cached(select)?
            .query_row([&document.author, &document.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let is_older = |known: (i64, i64, i64)| (known.1, known.2) > (modified, document.version);
        if known.is_some_and(is_older) {
            return Ok(VexTaken { is_unchanged: true, ..VexTaken::default() });
        }
        let removed = known.map(|(number, ..)| self.remove_vex(number)).transpose()?.unwrap_or_default();
        let insert = "INSERT INTO vex_documents (author, id, modified, version, imported) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![document.author, document.id, modified, document.version, now];
        self.transaction.prepare_cached(insert)?.execute(values)?;
        let number = self.transaction.last_insert_rowid();
        let mut insert =
            self.transaction.prepare_cached("INSERT INTO vex_statements (document, value) VALUES (?1, ?2)")?;
        let mut ids = self.transaction.prepare_cached("INSERT OR IGNORE INTO vex_ids VALUES (?1, ?2, ?3, ?4)")?;
        for statement in &document.statements {
            let time = if statement.time == 0 { modified } else { statement.time.min(now) };
            let statement = Statement { time, ..statement.clone() };
            insert.execute(params![number, packed(&statement)])?;
            let own = self.transaction.last_insert_rowid();
            for id in &statement.ids {
                ids.execute(params![id, statement.product.world as u8, statement.product.name, own])?;
            }
        }
        Ok(VexTaken { put: document.statements.len() as u64, removed, is_unchanged: false })
    }

    fn remove_vex(&self, number: i64) -> Result<u64, StoreError> {
        let delete = "DELETE FROM vex_ids WHERE statement IN (SELECT number FROM vex_statements WHERE document = ?1)";
        self.transaction.execute(delete, [number])?;
        let removed = self.transaction.execute("DELETE FROM vex_statements WHERE document = ?1", [number])?;
        self.transaction.execute("DELETE FROM vex_documents WHERE number = ?1", [number])?;
        Ok(removed as u64)
    }
}

/// Every document with its statements and when it was imported, in the order of authors and ids.
pub(crate) fn for_each_document<E: From<StoreError>>(
    connection: &Connection,
    each: &mut dyn FnMut(VexDocument, Time) -> Result<(), E>,
) -> Result<(), E> {
    if !has_tables(connection).map_err(StoreError::from)? {
        return Ok(());
    }
    let select = "SELECT number, author, id, modified, version, imported FROM vex_documents ORDER BY author, id";
    let mut select = connection.prepare(select).map_err(StoreError::from)?;
    let mut rows = select.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let (document, imported) = document(connection, row)?;
        each(document, imported)?;
    }
    Ok(())
}

fn document(connection: &Connection, row: &rusqlite::Row<'_>) -> Result<(VexDocument, Time), StoreError> {
    let number: i64 = row.get(0)?;
    let mut select =
        connection.prepare_cached("SELECT value FROM vex_statements WHERE document = ?1 ORDER BY number")?;
    let mut rows = select.query([number])?;
    let mut statements = Vec::new();
    while let Some(row) = rows.next()? {
        let statement = row.get_ref(0)?.as_blob().ok().and_then(unpacked).ok_or(StoreError::Damaged)?;
        statements.push(statement);
    }
    let modified = Some(row.get(3)?);
    let document = VexDocument {
        author: row.get(1)?,
        id: row.get(2)?,
        modified,
        version: row.get(4)?,
        statements,
        ..VexDocument::default()
    };
    Ok((document, Time(row.get(5)?)))
}

impl VexDocument {
    /// Its statements, as if they had been imported at the beginning of time.
    pub(crate) fn into_shown(self) -> Vec<ShownVex> {
        let (author, document) = (self.author, self.id);
        let made = |statement: Statement| Made { statement, author: author.clone(), document: document.clone() };
        self.statements.into_iter().map(|statement| made(statement).into_shown(Time(0))).collect()
    }
}

impl Made {
    fn into_shown(self, imported: Time) -> ShownVex {
        ShownVex { statement: self.shown(true), ids: self.statement.ids, imported }
    }
}

/// Statements, to be asked quickly.
#[derive(Debug)]
pub struct Judgements<'s> {
    /// One for all questions: otherwise each locks and unlocks the file.
    transaction: Transaction<'s>,
}

/// A statement that is shown by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownVex {
    /// What it says; whether it applies is not asked.
    pub statement: VexStatement,
    /// All ids of the vulnerability.
    pub ids: Vec<String>,
    /// When it was imported.
    pub imported: Time,
}

impl IntelStore {
    /// What others have judged; `None` if nobody has.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn judgements(&self) -> Result<Option<Judgements<'_>>, StoreError> {
        let is_any = "SELECT EXISTS (SELECT 1 FROM vex_statements)";
        if !has_tables(self.connection())? || number(self.connection(), is_any)? == 0 {
            return Ok(None);
        }
        Ok(Some(Judgements { transaction: self.connection().unchecked_transaction()? }))
    }

    /// The number of documents, and of statements in them.
    pub(super) fn vex_counts(&self) -> Result<(u64, u64), StoreError> {
        if !has_tables(self.connection())? {
            return Ok((0, 0));
        }
        let count = |query: &str| number(self.connection(), query).map(i64::unsigned_abs);
        Ok((count("SELECT count(*) FROM vex_documents")?, count("SELECT count(*) FROM vex_statements")?))
    }

    /// Statements about a vulnerability of any of these ids, or of a document of such an id; at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn vex_of(&self, ids: &[&str], limit: usize) -> Result<Vec<ShownVex>, StoreError> {
        let ids = serde_json::to_string(ids).unwrap_or_default();
        let wanted = "SELECT statement FROM json_each(?1) AS wanted CROSS JOIN vex_ids ON vex_ids.id = wanted.value
            UNION SELECT vex_statements.number FROM vex_statements
            JOIN vex_documents ON vex_documents.number = document
            WHERE vex_documents.id IN (SELECT value FROM json_each(?1))";
        self.select_vex(wanted, params![ids, limit as i64])
    }

    /// Statements about a vulnerability or a package that begins with the text, or of an author or a document whose name holds
    /// it; at most `limit`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn find_vex(&self, text: &str, limit: usize) -> Result<Vec<ShownVex>, StoreError> {
        let text = text.trim();
        let pattern = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        let wanted = "SELECT statement FROM vex_ids WHERE id >= ?1 AND id < ?3 UNION
            SELECT statement FROM vex_ids WHERE name >= ?1 AND name < ?3 UNION
            SELECT vex_statements.number FROM vex_statements JOIN vex_documents ON vex_documents.number = document
            WHERE vex_documents.id LIKE ?4 ESCAPE '\\' OR author LIKE ?4 ESCAPE '\\'";
        self.select_vex(wanted, params![text, limit as i64, format!("{text}\u{10ffff}"), pattern])
    }

    fn select_vex(&self, wanted: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<ShownVex>, StoreError> {
        if !has_tables(self.connection())? {
            return Ok(Vec::new());
        }
        let select = format!(
            "SELECT vex_statements.value, author, vex_documents.id, imported {FROM} WHERE vex_statements.number IN ({wanted})
             ORDER BY author, vex_documents.id, vex_statements.number LIMIT ?2"
        );
        let mut select = self.connection().prepare(&select)?;
        let read = |row: &rusqlite::Row<'_>| Ok(made(row)?.zip(Some(Time(row.get(3)?))));
        let all = select.query_map(values, read)?.collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(all.into_iter().flatten().map(|(made, imported)| made.into_shown(imported)).collect())
    }
}

impl Judgements<'_> {
    /// Says of each vulnerability what others have judged of it. `ways` tells by which projects the release comes in, each as
    /// the products that it may be called; it is asked only where there are statements. Malware is never asked about.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn judge(
        &self,
        ecosystem: &Ecosystem,
        package: &str,
        part: &Part<'_>,
        advisories: &mut [Advisory],
        ways: &dyn Fn() -> Vec<Vec<Own>>,
    ) -> Result<(), StoreError> {
        let Some(world) = World::of(ecosystem) else { return Ok(()) };
        let package = world.normal(package);
        for advisory in advisories.iter_mut().filter(|one| one.kind == AdvisoryKind::Vulnerability) {
            let ids: Vec<&str> = std::iter::once(&advisory.id).chain(&advisory.aliases).map(String::as_str).collect();
            let all = self.about(world, &package, &ids)?;
            advisory.vex = match all {
                Some(all) if !all.is_empty() => judged(&all, part, &ways()),
                _ => Vex::default(),
            };
        }
        Ok(())
    }

    /// Statements about any of these ids; `None` if there are too many to weigh.
    fn about(&self, world: World, package: &str, ids: &[&str]) -> Result<Option<Vec<Made>>, StoreError> {
        let ids = serde_json::to_string(ids).unwrap_or_default();
        let select = format!(
            "SELECT vex_statements.value, author, vex_documents.id {FROM} WHERE vex_statements.number IN (
                SELECT statement FROM json_each(?1) AS wanted
                CROSS JOIN vex_ids ON vex_ids.id = wanted.value AND ecosystem = ?2 AND name = ?3)
             ORDER BY vex_statements.number LIMIT ?4"
        );
        let mut select = self.transaction.prepare_cached(&select)?;
        let rows = select.query_map(params![ids, world as u8, package, MAX_EACH as i64 + 1], made)?;
        let all = rows.collect::<rusqlite::Result<Vec<_>>>()?;
        // One that cannot be read might have contradicted the others.
        let is_whole = all.len() <= MAX_EACH && all.iter().all(Option::is_some);
        Ok(is_whole.then(|| all.into_iter().flatten().collect()))
    }
}

/// A row that begins with value, author and id of the document.
fn made(row: &rusqlite::Row<'_>) -> rusqlite::Result<Option<Made>> {
    let statement: Option<Statement> = unpacked(row.get_ref(0)?.as_blob().unwrap_or_default());
    let (author, document) = (row.get(1)?, row.get(2)?);
    Ok(statement.map(|statement| Made { statement, author, document }))
}

/// Stores that an older version made have none until the next import.
fn has_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let select = "SELECT count(*) FROM sqlite_schema
        WHERE type = 'table' AND name IN ('vex_documents', 'vex_statements', 'vex_ids')";
    Ok(number(connection, select)? == 3)
}
