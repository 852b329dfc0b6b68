//! Line tests, through the door.

use std::path::Path;

use super::{GatewayHandle, StoreFault};
use crate::config::PortId;
use crate::gateway::line_test::LineTestReport;
use crate::shell::calls_csv::ExportError;
use crate::shell::keeper::stored_line_test;
use crate::shell::line_test_file;
use crate::shell::store::{StoreError, StoredLineTest};

impl GatewayHandle {
    /// The newest line tests of a port first, at most `count`; see [`crate::shell::store::Store::line_tests`].
    ///
    /// # Errors
    /// Why the database did not answer.
    pub async fn line_tests(&self, port: PortId, count: u32) -> Result<Vec<StoredLineTest>, StoreFault> {
        Ok(self.inner.store.line_tests(port, count).await?)
    }

    /// Writes a line test that is kept to a file; see [`line_test_file::export`].
    ///
    /// # Errors
    /// Why there is no such file now.
    pub async fn export_line_test(&self, id: &str, path: &Path, words: impl Fn(&str) -> String) -> Result<(), ExportError> {
        let test = self.inner.store.line_test(id).await?;
        let test = test.ok_or_else(|| ExportError::from(StoreError::Other("the line test is not kept any more".to_owned())))?;
        line_test_file::export(&test, path, words).await
    }

    /// A line test of this run as it is stored, with times in ms since 1970 (UTC).
    #[must_use]
    pub fn dated(&self, report: &LineTestReport) -> StoredLineTest {
        stored_line_test(report, self.inner.clock)
    }
}
