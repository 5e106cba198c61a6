//! On a kernel with uinput, as `tests/streaming/uinput` boots one.

use super::*;
use input_linux::EvdevHandle;
use std::os::unix::fs::OpenOptionsExt;

const KERNEL: &str = "/dev/uinput";

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_makes_controllers_that_games_know() {
    let pads = create_pads(Path::new(KERNEL), 2).unwrap();
    let mut nodes = Vec::new();
    for (index, pad) in (0..).zip(&pads) {
        assert_eq!(pad.index, index);
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(nix::libc::O_NONBLOCK).open(&pad.node).unwrap();
        let device = EvdevHandle::new(file);
        assert_eq!(device.device_id().unwrap(), ID);
        assert_eq!(device.device_name().unwrap(), [NAME, b"\0"].concat());
        assert_eq!(device.physical_location().unwrap(), format!("dillinger-runner/pad{index}\0").into_bytes());
        assert_eq!(device.key_bits().unwrap().iter().count(), KEYS.len());
        assert_eq!(device.absolute_bits().unwrap().iter().count(), 8);
        let x = device.absolute_info(AbsoluteAxis::X).unwrap();
        assert_eq!((x.minimum, x.maximum, x.fuzz, x.flat), (-32768, 32767, 16, 128));
        let hat = device.absolute_info(AbsoluteAxis::Hat0Y).unwrap();
        assert_eq!((hat.minimum, hat.maximum), (-1, 1));
        let effects: Vec<_> = device.force_feedback_bits().unwrap().iter().collect();
        assert_eq!(effects, [ForceFeedbackKind::Rumble, ForceFeedbackKind::Gain]);
        assert_eq!(device.effects_count().unwrap(), 16);
        nodes.push(pad.node.clone());
    }
    assert_ne!(nodes[0], nodes[1]);
    drop(pads);
    assert!(nodes.iter().all(|node| !node.exists()), "the controllers go with their descriptors");
}

#[test]
#[ignore = "needs a kernel with uinput"]
fn kernel_is_checked_without_a_controller() {
    check(Path::new(KERNEL)).unwrap();
    assert!(matches!(check(Path::new("/dev/nothing")), Err(Missing::Module(_))));
}

#[test]
fn what_is_no_uinput_makes_none() {
    let file = tempfile::NamedTempFile::new().unwrap();
    check(file.path()).unwrap();
    let refused = create_pads(file.path(), 1).unwrap_err();
    assert!(matches!(&refused, Missing::Refused(_)), "{refused}");
    assert!(create_pads(file.path(), 0).unwrap().is_empty());
}
