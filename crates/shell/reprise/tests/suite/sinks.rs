//! Sinks that block or fail: no act waits for them, and what is lost is reported.

use std::process::{Child, Command, Stdio};

use crate::lab::{Lab, PROGRAM, Ran, ran, until};

/// A run with its events in `sink`; it ends with the test.
struct Run(Option<Child>);

impl Run {
    fn start(lab: &Lab, sink: &str) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["run", "--json", "--user", &lab.user(), "--password-file", &lab.path("password")]);
        command.args(["--host", &lab.url(0), "--host", &lab.url(1), "--event-log", sink]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(Some(command.spawn().expect("the program starts")))
    }

    fn end(mut self) -> Ran {
        until("the end of the run", || self.0.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some()));
        ran(&self.0.take().unwrap().wait_with_output().unwrap())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _gone = child.kill();
            let _reaped = child.wait();
        }
    }
}

fn broken_lab() -> Lab {
    let lab = Lab::new(&["--vms", "4"]);
    lab.break_by_restart("hv01.lab.test");
    lab
}

#[test]
fn a_sink_that_takes_nothing_delays_no_act_and_not_the_end() {
    let lab = broken_lab();
    let pipe = lab.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let run = Run::start(&lab, &format!("file:{pipe}"));
    until("the repair", || lab.states().iter().all(|state| *state == 3));
    let ran = run.end();
    assert_eq!((ran.code, ran.count("resumed")), (0, 4), "{}", ran.standard_error);
    assert_eq!(ran.standard_error.matches("were not written").count(), 1, "{}", ran.standard_error);
    assert!(ran.standard_error.contains(&pipe), "{}", ran.standard_error);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_reported_once_with_how_much_is_lost() {
    let lab = broken_lab();
    let ran = Run::start(&lab, "file:/dev/full").end();
    assert_eq!((ran.code, ran.count("resumed")), (0, 4), "{}", ran.standard_error);
    assert_eq!(ran.standard_error.matches("cannot write event").count(), 1, "{}", ran.standard_error);
    assert!(ran.standard_error.contains("events were not written"), "{}", ran.standard_error);
    let errors = ran.document["errors"].as_array().unwrap();
    assert!(errors[0]["what"].as_str().unwrap().contains("events were not written"), "{errors:?}");
    assert!(errors[0]["why"].as_str().unwrap().contains("space"), "{errors:?}");
}
