//! The rival: `spandsp.c`, built into the folder of cargo's results where libspandsp is installed, and run as a program.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::thread::JoinHandle;

pub struct Rival {
    program: PathBuf,
}

/// A receiver of the rival that is being fed clips.
pub struct Listener {
    child: Child,
    clips: BufWriter<ChildStdin>,
    lines: JoinHandle<Vec<String>>,
}

impl Rival {
    /// Compiles the program; the reason, where that is not possible.
    pub fn build() -> Result<Rival, String> {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/accuracy/spandsp.c");
        let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accuracy-spandsp");
        // Under a name of its own first: a program that another run is using cannot be written over.
        let built = program.with_extension(std::process::id().to_string());
        let output = Command::new("cc").args(["-O2", "-o"]).arg(&built).arg(source).arg("-lspandsp").output();
        match output {
            Ok(output) if output.status.success() => {
                std::fs::rename(&built, &program).map_err(|error| error.to_string())?;
                Ok(Rival { program })
            }
            Ok(_) => Err("libspandsp is not installed".to_owned()),
            Err(error) => Err(format!("no C compiler: {error}")),
        }
    }

    pub fn listen(&self, args: &[&str]) -> Listener {
        let mut command = Command::new(&self.program);
        let mut child = command.args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the rival starts");
        let clips = BufWriter::new(child.stdin.take().expect("it is fed"));
        let told = BufReader::new(child.stdout.take().expect("it tells"));
        // It tells while it is fed: unread, its answers would stop it.
        let lines = std::thread::spawn(move || told.lines().map(|line| line.expect("a line")).collect());
        Listener { child, clips, lines }
    }

    /// Sound of the rival's generators.
    pub fn make(&self, args: &[&str]) -> Vec<i16> {
        let output = Command::new(&self.program).args(args).output().expect("the rival starts");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout[4..].chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
    }
}

impl Listener {
    pub fn hear(&mut self, samples: &[i16]) {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        self.clips.write_all(&u32::try_from(samples.len()).expect("a short clip").to_le_bytes()).expect("the rival listens");
        self.clips.write_all(&bytes).expect("the rival listens");
    }

    /// One line for each clip.
    pub fn finish(mut self) -> Vec<String> {
        self.clips.flush().expect("the rival listens");
        drop(self.clips);
        let lines = self.lines.join().expect("all lines are read");
        assert!(self.child.wait().expect("it ends").success(), "the rival failed");
        lines
    }
}
