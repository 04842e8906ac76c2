//! Opcodes that refer to something outside the file, or that only Python 2 classes need.

use super::{Machine, opcode};
use crate::Error;

impl Machine {
    pub(super) fn refuse(&mut self, code: u8, at: usize) -> Error {
        let unsupported = |what: &str, reason: &str, hint: &str| Error::Unsupported {
            what: format!("the pickle opcode {what} at byte {at}"),
            reason: reason.to_owned(),
            hint: hint.to_owned(),
        };
        match code {
            opcode::PERSID | opcode::BINPERSID => unsupported(
                if code == opcode::PERSID { "PERSID" } else { "BINPERSID" },
                "it refers to data outside the pickle, as PyTorch and other frameworks write it",
                "Save the fitted scikit-learn estimator itself",
            ),
            opcode::EXT1..=opcode::EXT4 => unsupported(
                ["EXT1", "EXT2", "EXT4"].get(usize::from(code - opcode::EXT1)).unwrap_or(&"EXT"),
                "it names a class by a number of the `copyreg` extension registry, which is not in the file",
                "Save the model again without registered extension codes",
            ),
            opcode::NEXT_BUFFER | opcode::READONLY_BUFFER => unsupported(
                if code == opcode::NEXT_BUFFER { "NEXT_BUFFER" } else { "READONLY_BUFFER" },
                "it refers to a buffer that was kept out of the file (`buffer_callback` of `pickle.dump`)",
                "Save the model again without `buffer_callback`",
            ),
            opcode::INST => {
                // reads the name of the class, so that a hostile one is reported as such
                if let Err(error) = self.global(at) {
                    return error;
                }
                unsupported(
                    "INST",
                    "it makes an instance of a Python 2 class",
                    "Save the model again with Python 3",
                )
            }
            opcode::OBJ => unsupported(
                "OBJ",
                "it makes an instance of a Python 2 class",
                "Save the model again with Python 3",
            ),
            _ => self.out.wrong(at, format!("0x{code:02x} is not a pickle opcode")),
        }
    }
}
