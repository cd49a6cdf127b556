"""The executable machine: an independent reading of the kernel, OP-TEE and Arm sources.

The rules are judged by it.  It has pages with owners, a secure world with threads, registrations and a heap,
SMMUs with stream tables, DMA engines, and kernels that probe, shut down, crash and print.  It decides by
itself what happens; its caller only chooses where the world has a choice.  It imports the standard library
only, and nothing else of kexecspec.

    machine = Machine(config)
    machine.power_on("prod")
    machine.run_until("up")
    machine.begin("kexec", "prod", user_space="stopped")
    machine.run_on()            # -> the harms suffered from here on

Running: `power_on`, `advance` (the running kernel's next operation, as an Event), `run_until`, `run_on`;
`choices` lists what the world may choose now.
Handoffs: `stage`, `begin`, `choose_shutdown_order`, `crash`.
Secure calls: `call_enters`, `call_rpc`, `call_suspends`, `call_returns`, `takes_lock`, `drops_lock`,
`supplicant_dies`, `resume_thread`, `thread_writes`, `user_registers`, `user_opens`, `asks`,
`registration_fails`, `opening_makes_rpc`, `lends_protected`.
Devices and memory: `packet`, `transact`, `task_dma_map`, `task_dma_unmap`, `task_dma_start`, `request`,
`covers_tables`, `allocate_from`, `place_next_allocation`, `place_next_cookie`.

Event.operation is the name of a hook's operation, or one of iommu_probe_device, attach, probe-failed, bound, up, idle,
shutdown, walk-done, jump, reset, oops.  Event.outcome is OK, FAILED, WAITING (nothing goes on until the world does
something) or DEAD.
The kernel's SMMUs have their own names as actors, its TEE driver is `tee`, devices have theirs.

Harm.where, by kind (`detail` has the particulars, `generation` among them):
- OOPS: drain, rpc (a foreign cookie is followed), iommu_get_dma_domain;
- HANG: probe, shutdown (the kernel's own program waits for ever), call (a task does; `why` is thread, lock or
  release, `nested` says that it was inside an RPC), cmd-sync (`context` is walk or task, `endless`);
- CORRUPTION: a GIC's name (its LPI tables; `pages`),
  a device's name (`victim`, `owner`, `how`, `window`, `stale_table`), table-walk,
  stale-translation, secure thread N, pool_op_alloc (somebody else's pages were freed);
- EXHAUSTION: a device's name (NAME:session where a session was refused), tee, argument page, call,
  TEE_IOC_SHM_REGISTER (`refusal` is heap, handles, address space, overlap or protected memory;
  `by_residue`), secure-threads;
- STORM: a device's name; LEAK: registrations (at the driver's binding after a clean kexec), pool_op_alloc;
- REFUSED: a device's name (its session), tee_shm_alloc, tee_shm_register, ffa_rxtx_map, transaction-aborted,
  abort-is-fatal, duty:NAME.

What can be looked at, all below `machine.state` unless it says otherwise:
- `generation`, `kernel`, `entered_by`, `phase` (off, boot, up, walk), `staged`, `user_space`, `supplicant`,
  `dead`, `limited`, `headers`; `machine.bound`, `machine.blocked`, `machine.harms`, `machine.log`;
- `secure.threads[i]`: `state`, `generation`, `owner`, `rpc` (the cached argument page, with cookie and
  generation), `arg`, `memrefs`, `locks`, `wants`; `secure.locks`; `secure.cache_enabled`;
- `secure.registrations`, newest first: `cookie`, `pages`, `generation`, `client`, `explicit`, `refs`, `maps`;
  `secure.sessions`; `secure.heap` and `secure.va` (`used`, `free`); `ffa.handles`, `ffa.rxtx_generation`;
- `smmus[name]`: SmmuV2 `clientpd`, `usfcfg`, `gfie`, `streams`; SmmuV3 `smmuen`, `cmdqen`, `evtqen`,
  `gbpa_abort`, `streams`, `unlisted`, `table_generation`; a stream has `entry`, `generation`, `table` (its
  `generation`, `page`);
- `gics[name]`: `enabled`, `generation`, `tables`, `reserved`;
- `devices[name]`: `engine`, `bus_master`, `port_master`, `posted`, `on`, `generation` (who programmed it),
  `bound`, `mapped`; `iommu.groups[name]` (None is a group that was taken away);
- `memory.extents`, `memory.owner(page)`, `memory.own(generation)`; `tee.buffers`, `tee.refusal`.
"""

from kexecspec.machine.config import (
    DeviceConfig,
    GicConfig,
    Hooks,
    KernelConfig,
    MachineConfig,
    MemoryMap,
    Operation,
    Range,
    SecureConfig,
    Service,
    SmmuConfig,
)
from kexecspec.machine.harms import Event, Harm, HarmKind, Outcome
from kexecspec.machine.machine import Machine

__all__ = [
    "DeviceConfig",
    "Event",
    "GicConfig",
    "Harm",
    "HarmKind",
    "Hooks",
    "KernelConfig",
    "Machine",
    "MachineConfig",
    "MemoryMap",
    "Operation",
    "Outcome",
    "Range",
    "SecureConfig",
    "Service",
    "SmmuConfig",
]
