//! The power state of a VM, and the requests that change it (Hyper-V WMI reference, `Msvm_ComputerSystem.RequestStateChange`).

/// What a VM does on a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Power {
    Running,
    Off,
    /// Off, with its memory on disk.
    Saved,
    /// In memory, and standing still.
    Paused,
    /// Something else, by its number.
    Other(u16),
}

impl Power {
    /// From `EnabledState`.
    pub(crate) fn from_number(number: u16) -> Self {
        [Self::Running, Self::Off, Self::Saved, Self::Paused]
            .into_iter()
            .find(|power| power.enabled_state() == number)
            .unwrap_or(Self::Other(number))
    }

    /// `EnabledState`, in the numbers of version 2.
    pub(crate) fn enabled_state(self) -> u16 {
        match self {
            Self::Running => 2,
            Self::Off => 3,
            Self::Saved => 6,
            Self::Paused => 9,
            Self::Other(number) => number,
        }
    }

    /// What a requested state makes of it; `None` if the request is not valid now.
    ///
    /// 2 enabled, 3 disabled, 4 shut down, 6 offline, 9 quiesce, 10 reboot (documented for what is off or saved, too),
    /// 11 reset. The numbers above 32767 are version 1's for paused and saved, which clients still send.
    pub(crate) fn after(self, requested: u16) -> Option<Self> {
        match (self, requested) {
            (Self::Off | Self::Saved, 2 | 10) | (Self::Paused, 2 | 11) | (Self::Running, 10 | 11) => {
                Some(Self::Running)
            }
            (Self::Running, 3 | 4) | (Self::Saved | Self::Paused, 3) => Some(Self::Off),
            (Self::Running | Self::Paused, 6 | 32_769) => Some(Self::Saved),
            (Self::Running, 9 | 32_768) => Some(Self::Paused),
            _ => None,
        }
    }

    /// Whether a request makes it begin anew, so that its uptime starts over.
    pub(crate) fn begins(self, requested: u16) -> bool {
        matches!((requested, self), (2, Self::Off | Self::Saved)) || matches!(requested, 10 | 11)
    }
}

#[cfg(test)]
mod tests {
    use super::Power::{self, Off, Paused, Running, Saved};

    #[test]
    fn each_request_leads_where_the_reference_says_and_nowhere_else() {
        let table: [(u16, [Option<Power>; 4]); 13] = [
            (2, [None, Some(Running), Some(Running), Some(Running)]),
            (3, [Some(Off), None, Some(Off), Some(Off)]),
            (4, [Some(Off), None, None, None]),
            (6, [Some(Saved), None, None, Some(Saved)]),
            (32_769, [Some(Saved), None, None, Some(Saved)]),
            (9, [Some(Paused), None, None, None]),
            (32_768, [Some(Paused), None, None, None]),
            (10, [Some(Running), Some(Running), Some(Running), None]),
            (11, [Some(Running), None, None, Some(Running)]),
            (1, [None; 4]),
            (7, [None; 4]),
            (8, [None; 4]),
            (0, [None; 4]),
        ];
        for (request, after) in table {
            assert_eq!([Running, Off, Saved, Paused].map(|power| power.after(request)), after, "{request}");
        }
    }
}
