"""The codes of input errors. Stable: a code is never reused for something else. `explain` prints these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class InputCode:
    """A code, its short name, one sentence, and what to do about it."""

    code: str
    name: str
    says: str
    explanation: str


_ALL = (
    InputCode(
        "KX001", "syntax", "The text is not YAML.",
        "Reading stops at the place shown, so later errors appear only after this one is gone. Frequent "
        "causes: a tab in the indentation, a ': ' inside of unquoted text, a bracket or quote that is "
        "never closed.",
    ),
    InputCode(
        "KX002", "unknown-name", "A name stands where only certain names mean something.",
        "Drivers, SMMU variants, kernels, devices, services, features and all fixed words are checked "
        "against the library and the file itself, so that a misspelt name is never silently a different "
        "platform.",
    ),
    InputCode(
        "KX003", "unknown-key", "A key is not known at this place.",
        "A fact under an unknown key would be ignored, and a proof would then be about another platform. "
        "The message names the key that was probably meant; `kexecspec schema platform` prints all of "
        "them.",
    ),
    InputCode(
        "KX004", "yaml-trap", "A word reads differently here than it may read elsewhere.",
        "Only true and false are truth values. yes, no, on and off are text, a leading 0 makes no octal "
        "number, 10:30 is no number in base 60, and 5.10 is text, for versions are text. Quoted text is "
        "always text.",
    ),
    InputCode(
        "KX005", "duplicate-key", "A key stands twice in one mapping.",
        "Other readers let the last one win silently. Remove one; the message names the line of the "
        "first.",
    ),
    InputCode(
        "KX006", "wrong-type", "A value is of the wrong kind: text for a number, a list for a mapping...",
        "The message says what is expected and what was found.",
    ),
    InputCode(
        "KX007", "out-of-range", "A number is too small or too large, or a list too short or too long.",
        "The limits are those of the hardware and interfaces described, for instance 32 bits for a stream "
        "id.",
    ),
    InputCode(
        "KX008", "missing-key", "A key without which the mapping means nothing is missing.",
        "Facts with a sensible default may be left out; this one has none.",
    ),
    InputCode(
        "KX009", "malformed-text",
        "A text does not have the form that is needed, such as a range or a version.",
        "Ranges are written `0x8000_0000 + 8GiB` or `0x8000_0000 .. 0x9000_0000` (the end is exclusive), "
        "sizes `64KiB`, handoffs `prod -kexec-> prod`, versions as released: 5.10, 5.10.61, 6.2-rc3.",
    ),
    InputCode(
        "KX010", "contradiction", "Facts contradict each other, so every proof about them would be empty.",
        "From a contradiction everything follows. The message lists a smallest set of facts that cannot "
        "hold together; change one of them.",
    ),
    InputCode(
        "KX011", "overlap", "Two pieces of memory overlap that cannot.",
        "Reserved regions, crashkernel and the static shm carve-out lie inside of RAM banks, and not over "
        "one another.",
    ),
    InputCode(
        "KX012", "cycle", "The order of devices goes round in a circle.",
        "`after`, `before`, `behind` and suppliers give one order of registration; device_shutdown walks "
        "it backwards. No walk satisfies a circle.",
    ),
    InputCode(
        "KX013", "unreadable", "A file cannot be opened or read.",
        "The reason is the operating system's own: it does not exist, permission is denied, a name is too "
        "long.",
    ),
    InputCode(
        "KX014", "not-a-file", "A path names a directory, a pipe or a device, not a file.",
        "Only regular files are read, so that nothing waits for a pipe or disturbs a device.",
    ),
    InputCode(
        "KX015", "encoding", "The file is not clean UTF-8 text.",
        "A byte order mark, UTF-16, bytes that are no UTF-8 and control characters are refused at their "
        "place.",
    ),
    InputCode(
        "KX016", "empty", "The file says nothing.",
        "It is empty or has comments only. `kexecspec init` writes a commented starter.",
    ),
    InputCode(
        "KX017", "several-documents", "The file holds more than one YAML document.",
        "A file describes one platform. Put each into its own file; `extends` shares what they have in "
        "common.",
    ),
    InputCode(
        "KX018", "limits", "The file is too large, too deep, or grows too much through its aliases.",
        "At most 4 MiB, 64 levels, 200000 values (counting what aliases repeat), 1000 entries of one list or "
        "mapping, 256 devices, 256 handoffs, 64 kernels and 64 SMMUs are read, so that a hostile or broken file "
        "ends in bounded time and memory.",
    ),
    InputCode(
        "KX019", "extends", "An `extends` cannot be followed.",
        "It names one file, relative to the file that says it; chains end after 16 files and never go "
        "round. `null` removes a key of the extended file, and only one that is there.",
    ),
    InputCode(
        "KX020", "unsupported-yaml", "The file uses a part of YAML that is not supported.",
        "Tags, merge keys ('<<'), keys that are lists or mappings, and aliases without or inside of their "
        "anchor.",
    ),
    InputCode(
        "KX021", "schema-version", "The file says that it is of a form that this version does not know.",
        "The `schema` key names the form, such as kexecspec/platform/1. A newer kexecspec may know it.",
    ),
    InputCode(
        "KX022", "exclusive-keys",
        "Two keys stand together that exclude each other, or one lacks its companion.",
        "The message gives the reason, for instance that a platform has one trusted OS.",
    ),
    InputCode(
        "KX023", "repeated-item", "A list names the same thing twice.",
        "Where order and number mean nothing a repetition is a slip, often a wrong stream id or name.",
    ),
    InputCode(
        "KX024", "nothing-to-judge", "The file describes nothing that a property could be about.",
        "Without a kernel, a handoff, and a device or a secure world there is nothing to prove or refute.",
    ),
    InputCode(
        "KX025", "trace", "The file is no trace of kexecspec, or not a whole one.",
        "Traces are JSON in the Informal Trace Format; `kexecspec schema trace` prints their form and "
        "`kexecspec check --trace-dir` writes them. A trace that was edited is refused where its steps are "
        "no run of the platform's rules.",
    ),
    InputCode(
        "KX026", "drift", "The trace was made from another platform file or other specifications.",
        "A replay would then be about something else. Run the check again with `--trace-dir` to get a trace "
        "of what is there now.",
    ),
    InputCode(
        "KX027", "outside", "The trace names a platform file outside of its own folder.",
        "A trace may come from anywhere, so a path in it is not followed to other places. Name the platform "
        "file with `--platform`.",
    ),
    InputCode(
        "KX028", "certificate", "The folder is no certificate of kexecspec, or not a whole one.",
        "`kexecspec check --certificate DIR` writes one; `kexecspec schema certificate` prints the form of its "
        "manifest. It holds plain files only, and none that the manifest does not list.",
    ),
    InputCode(
        "KX029", "sweep", "A line of a matrix does nothing, or nothing is left of the matrix.",
        "An axis without values, a pattern that no file fits, an exclude that excludes nothing and an include that "
        "puts nothing back are slips, and a sweep that silently judged something else would be worse. `kexecspec sweep "
        "MATRIX --list` shows what a matrix comes to.",
    ),
    InputCode(
        "KX030", "results", "A file of results is none, is not whole, or does not go with the others.",
        "`kexecspec sweep` keeps results line by line in such a file, and `kexecspec merge` puts shards together that "
        "were made from the same matrix, with the same specifications, tool, solver and options, each of them whole. "
        "A sweep that was interrupted is finished by the same command.",
    ),
    InputCode(
        "KX031", "device-tree", "The file is no device tree blob, or not a whole one.",
        "A blob is what dtc makes of a .dts and what /sys/firmware/fdt holds. The message gives the byte where it goes "
        "wrong. At most 4 MiB, 64 levels, and 2000 properties and children of one node are read.",
    ),
    InputCode(
        "KX032", "node", "A property of a device tree's node cannot be right.",
        "The message gives the node's path and the property: a reference to no node, a list of cells that does not "
        "come out even, a text without an end. Such a tree would be read as another board than it is.",
    ),
    InputCode(
        "KX033", "answer", "An answer given to an import does not fit.",
        "An answer is `--set KEY=VALUE`: the key names a fact of the platform file with dots, such as memory.dma_limit "
        "or devices.NAME.driver, and the value is what would stand there in YAML. `kexecspec schema platform` has all "
        "facts.",
    ),
    InputCode(
        "KX034", "sysfs", "What was named is no /sys of a machine.",
        "It is `/`, a folder with copies of /sys and /proc in it, a copy of /sys, or a tar of any of these. Read are "
        "sys/kernel/iommu_groups, sys/bus/*/devices/*/uevent, sys/class/iommu, sys/class/tee, proc/cmdline, proc/iomem "
        "and proc/sys/kernel/osrelease, as far as they are there.",
    ),
    InputCode(
        "KX035", "baseline", "The file is no report of an earlier check.",
        "A baseline is what `kexecspec check --report json=FILE` wrote; `kexecspec schema report` prints its form. "
        "What failed in it already does not count, unless it is worse now.",
    ),
    InputCode(
        "KX036", "specs", "A specification that is laid over the library does nothing, or stands on what is taken.",
        "A folder for `--specs` holds properties/, policies/ and drivers/ with files NAME.yaml, each called as what "
        "stands in it, and none by a name of the library's or of another folder's. A site's own rules are KX900 to "
        "KX999, their harm is RULE, and each is about one part of a platform. `kexecspec schema property` prints the "
        "form.",
    ),
    InputCode(
        "KX037", "kernel-log", "A kernel's log does not have what is looked for in it.",
        "`kexecspec exposure --initcalls LOG` reads what a kernel booted with `initcall_debug ignore_loglevel` prints: "
        "`probe of DEVICE returned 0 after N usecs`, `initcall ... returned 0 after N usecs`, `DRIVER DEVICE: "
        "shutdown`. Names given with `--device` are those of such lines.",
    ),
    InputCode(
        "KX038", "no-trace", "Nothing is refuted, so there is no trace.",
        "A recipe is made from a counterexample. `kexecspec check` says what is refuted; what is proved has none.",
    ),
)  # fmt: skip

INPUT_CODES: Mapping[str, InputCode] = MappingProxyType({entry.code: entry for entry in _ALL})
"""Every input error by its code, in order."""
