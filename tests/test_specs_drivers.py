"""The library's drivers, trusted OSes and SMMUs: form, sources, and agreement with each other."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = {"drivers": "driver", "tee": "tee", "smmu": "smmu"}
FILES = tuple(sorted(path for folder in SCHEMAS for path in (ROOT / "specs" / folder).glob("*.yaml")))
DRIVERS = tuple(path for path in FILES if path.parent.name == "drivers")
REQUIRED = {
    "drivers": (
        "optee optee-ffa arm_ffa tee_bnxt_fw tpm_ftpm_tee tpm_ftpm_tee-teebus optee-rng rtc-optee scmi-optee"
        " trusted_tee tee_stmm_efi amdtee arm-smmu arm-smmu-qcom arm-smmu-v3 fsl_enetc sdhci-of-esdhc"
        " fsl-edma dwc3 ahci_qoriq caam bnxt_en generic-pci generic-pci-shutdown generic-platform"
        " generic-platform-shutdown generic-amba generic-tee-client generic-tee-client-shutdown"
    ),
    "tee": "optee amdtee none",
    "smmu": "arm-smmu-v1 arm-smmu-v2 arm-mmu-500 qcom-smmu-v2 arm-smmu-v3",
}
VOCABULARY = (
    "tee_client_open_context tee_client_open_session tee_client_close_session tee_client_close_context"
    " tee_shm_alloc tee_shm_alloc_kernel_buf tee_shm_alloc_priv_buf tee_shm_register_kernel_buf"
    " tee_shm_free optee_get_msg_arg enable_shm_cache disable_unmapped_shm_cache disable_shm_cache enumerate_devices"
    " refuse_kdump ffa_rxtx_map ffa_rxtx_unmap dma_reset dma_map dma_start dma_stop dma_unmap"
    " smmu_bypass_window smmu_reset smmu3_disable smmu3_gbpa_abort smmu3_enable smmu_clientpd"
    " smmu3_cr0_clear iommu_device_unregister smmu_abort smmu3_gbpa_set_abort gicv3_init_lpis"
)
OPERATIONS = set(VOCABULARY.split())
ALLOCATIONS = {
    "tee_shm_alloc",
    "tee_shm_alloc_kernel_buf",
    "tee_shm_alloc_priv_buf",
    "tee_shm_register_kernel_buf",
    "optee_get_msg_arg",
}
Item = Mapping[str, Any]


@cache
def load(path: Path) -> dict[str, Any]:
    value = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    assert isinstance(value, dict), path
    return value


def driver(name: str) -> dict[str, Any]:
    return load(ROOT / "specs" / "drivers" / f"{name}.yaml")


def items(document: Mapping[str, Any], hook: str) -> tuple[Item, ...]:
    listed = document.get("hooks", {}).get(hook, [])
    return tuple({"do": item} if isinstance(item, str) else item for item in listed)


def as_set(value: str | list[str] | None) -> set[str]:
    return {value} if isinstance(value, str) else set(value or ())


def in_kernel(document: Mapping[str, Any], hook: str, features: set[str]) -> list[str]:
    """The names of the operations of a hook in a kernel with these features."""
    return [
        item["do"]
        for item in items(document, hook)
        if as_set(item.get("when")) <= features and not as_set(item.get("unless")) & features
    ]


def conditions(value: object) -> Iterator[str]:
    """Every feature that a `when` or `unless` of this document names."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from as_set(inner) if key in ("when", "unless") else conditions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from conditions(inner)


def known_features() -> set[str]:
    files = sorted((ROOT / "specs" / "kernels").glob("*.yaml"))
    return {name for path in files for name in load(path).get("features", {})}


def ident(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("folder", sorted(REQUIRED))
def test_the_library_is_complete(folder: str) -> None:
    present = {path.stem for path in FILES if path.parent.name == folder}
    assert set(REQUIRED[folder].split()) <= present


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_a_file_fits_its_schema(path: Path) -> None:
    text = (ROOT / "schemas" / f"{SCHEMAS[path.parent.name]}.schema.json").read_text(encoding="utf-8")
    errors = jsonschema.Draft202012Validator(json.loads(text)).iter_errors(load(path))
    assert [f"{list(error.path)}: {error.message}" for error in errors] == []


@pytest.mark.parametrize("path", FILES, ids=ident)
def test_a_file_is_named_after_its_subject_and_has_sources(path: Path) -> None:
    document = load(path)
    key = SCHEMAS[path.parent.name]
    assert document[key] == path.stem
    assert document["sources"]
    assert document["confidence"] in ("read", "inferred", "unverified")
    assert document["confidence"] == "read" or document.get("notes")
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == f"# yaml-language-server: $schema=../../schemas/{key}.schema.json"


@pytest.mark.parametrize("path", DRIVERS, ids=ident)
def test_hooks_use_the_vocabulary(path: Path) -> None:
    document = load(path)
    used = {item["do"] for hook in document["hooks"] for item in items(document, hook)}
    assert used <= OPERATIONS
    assert {"probe", "shutdown", "remove"} <= set(document["hooks"])


@pytest.mark.parametrize("path", DRIVERS, ids=ident)
def test_what_is_freed_was_allocated(path: Path) -> None:
    document = load(path)
    hooks = {hook: items(document, hook) for hook in document["hooks"]}
    made = {item["buffer"] for hook in hooks.values() for item in hook if item["do"] in ALLOCATIONS}
    freed = {item["buffer"] for hook in hooks.values() for item in hook if item["do"] == "tee_shm_free"}
    assert freed == made
    lasting = {item["buffer"] for item in hooks["probe"] if item["do"] in ALLOCATIONS} - {
        item["buffer"] for item in hooks["probe"] if item["do"] == "tee_shm_free"
    }
    assert lasting <= {item["buffer"] for item in hooks["remove"] if item["do"] == "tee_shm_free"}


def kernels_of(document: Mapping[str, Any], hook: str) -> Iterator[set[str]]:
    """Every choice of the features that a hook asks for: vendors take fixes one by one."""
    named = sorted({name for item in items(document, hook) for name in conditions(dict(item))})
    return (set(some) for count in range(len(named) + 1) for some in combinations(named, count))


@pytest.mark.parametrize("path", DRIVERS, ids=ident)
def test_no_kernel_does_one_thing_twice_in_a_hook(path: Path) -> None:
    """Two items for one operation or one buffer are two kernels' ways to do it."""
    document = load(path)
    for hook in ("probe", "shutdown", "remove"):
        for features in kernels_of(document, hook):
            done = [
                item["buffer"] if item["do"] in ALLOCATIONS else (item["do"], item.get("buffer"))
                for item in items(document, hook)
                if as_set(item.get("when")) <= features and not as_set(item.get("unless")) & features
            ]
            assert len(done) == len(set(done)), (hook, features)


@pytest.mark.parametrize("path", DRIVERS, ids=ident)
def test_a_client_has_its_buffers_in_every_kernel(path: Path) -> None:
    """The fixes change how a client gets its memory, never whether."""
    document = load(path)
    if document["kind"] != "tee-client":
        return
    allocating = [item for item in items(document, "probe") if item["do"] in ALLOCATIONS]
    for features in kernels_of(document, "probe"):
        there = {
            item["buffer"]
            for item in allocating
            if as_set(item.get("when")) <= features and not as_set(item.get("unless")) & features
        }
        assert there == {item["buffer"] for item in allocating}, features


def test_features_that_the_library_names_exist() -> None:
    used = {
        name
        for path in FILES
        for name in conditions({key: load(path).get(key) for key in ("hooks", "quiesced_by", "residues")})
    }
    assert used
    known = known_features()
    assert not known or used <= known, sorted(used - known)


@pytest.mark.parametrize("path", DRIVERS, ids=ident)
def test_a_master_says_what_stops_it(path: Path) -> None:
    document = load(path)
    if document["kind"] != "master":
        assert "dma" not in document
        return
    assert {"kexec", "reboot", "crash", "how"} <= set(document["quiesced_by"])
    assert document["quiesced_by"]["crash"] == "nothing"
    stops = any(item["do"] == "dma_stop" for item in items(document, "shutdown"))
    said = document["quiesced_by"]["kexec"]
    by_hook = said == "shutdown" or (isinstance(said, list) and any(s["by"] == "shutdown" for s in said))
    assert stops == by_hook


def test_the_drivers_that_tees_and_smmus_name_exist() -> None:
    names = {path.stem for path in DRIVERS}
    tees = [name for path in FILES if path.parent.name == "tee" for name in load(path)["driver"].values()]
    smmus = [load(path)["driver"] for path in FILES if path.parent.name == "smmu"]
    assert tees and smmus
    assert set(tees) | set(smmus) <= names


def test_what_drivers_need_is_a_driver_or_provided_by_one() -> None:
    documents = [load(path) for path in DRIVERS]
    offered = {name for document in documents for name in document.get("provides", [])}
    offered |= {document["driver"] for document in documents}
    assert {name for document in documents for name in document.get("needs", [])} <= offered


def test_tee_bnxt_fw_before_and_after_the_fix() -> None:
    document = driver("tee_bnxt_fw")
    assert in_kernel(document, "probe", set())[-1] == "tee_shm_alloc"
    assert in_kernel(document, "shutdown", set()) == []
    after = {"tee-kernel-buf", "tee-bnxt-shutdown"}
    assert in_kernel(document, "probe", after)[-1] == "tee_shm_alloc_kernel_buf"
    assert in_kernel(document, "shutdown", after) == [
        "tee_shm_free",
        "tee_client_close_session",
        "tee_client_close_context",
    ]


def test_optee_probe_and_shutdown_by_kernel() -> None:
    document = driver("optee")
    old = {"optee-enables-shm-cache"}
    assert in_kernel(document, "probe", old) == ["enable_shm_cache", "enumerate_devices"]
    assert in_kernel(document, "shutdown", old) == []
    fixed = old | {"optee-drains-at-probe", "optee-drains-at-shutdown", "optee-refuses-kdump"}
    assert in_kernel(document, "probe", fixed)[:3] == [
        "refuse_kdump",
        "disable_unmapped_shm_cache",
        "enable_shm_cache",
    ]
    assert in_kernel(document, "shutdown", fixed) == ["disable_shm_cache"]
    today = fixed | {"optee-rpc-arg"}
    assert "enable_shm_cache" not in in_kernel(document, "probe", today)
    assert "optee_get_msg_arg" in in_kernel(document, "probe", today)
    assert in_kernel(document, "shutdown", today) == []


def test_smmu_shutdown_by_kernel() -> None:
    document = driver("arm-smmu")
    oops = {"smmu2-shutdown", "smmu2-shutdown-calls-remove"}
    assert in_kernel(document, "shutdown", oops) == ["iommu_device_unregister", "smmu_clientpd"]
    assert in_kernel(document, "shutdown", oops | {"smmu2-shutdown-keeps-registration"}) == ["smmu_clientpd"]
    assert in_kernel(document, "shutdown", {"smmu2-shutdown", "smmu2-shutdown-aborts"}) == ["smmu_abort"]
    assert in_kernel(document, "shutdown", {"smmu2-shutdown", "smmu2-shutdown-leaves"}) == []
    v3 = driver("arm-smmu-v3")
    assert in_kernel(v3, "shutdown", {"smmu3-shutdown"}) == ["smmu3_cr0_clear"]
    assert in_kernel(v3, "shutdown", {"smmu3-shutdown", "smmu3-kexec-adopt"}) == []
    removes = {"smmu3-shutdown", "smmu3-shutdown-calls-remove"}
    assert in_kernel(v3, "shutdown", removes) == ["iommu_device_unregister", "smmu3_cr0_clear"]
    # Remove unregisters first and disables last (6.1.0); what is proposed goes with the disabling.
    proposed = removes | {"smmu3-shutdown-gbpa-abort"}
    assert in_kernel(v3, "shutdown", proposed) == ["iommu_device_unregister", "smmu3_gbpa_set_abort", "smmu3_cr0_clear"]


def reached(version: str, since: str) -> bool:
    return [int(part) for part in version.split(".")] >= [int(part) for part in since.split(".")]


def test_heap_costs_of_the_examples_follow_from_the_sizes() -> None:
    costs = load(ROOT / "specs" / "tee" / "optee.yaml")["costs"]

    def taken(size: int) -> int:
        return -(-size // costs["quantum"]) * costs["quantum"] + costs["header"] if size else 0

    assert costs["examples"]
    for example in costs["examples"]:
        sizes = costs["object"][example["abi"]]
        size = next(entry["bytes"] for entry in sizes if reached(example["version"], entry["since"]))
        permanent = taken(size + costs["page"] * example["pages"])
        transient = taken(costs["transient"][example["abi"]]["page"] * example["pages"])
        assert (permanent, transient) == (example["permanent"], example["transient"])
        assert permanent + transient == example["peak"]


def test_sizes_by_version_are_newest_first() -> None:
    costs = load(ROOT / "specs" / "tee" / "optee.yaml")["costs"]
    for sizes in (*costs["object"].values(), costs["session"]):
        versions = [entry["since"] for entry in sizes]
        assert all(reached(newer, older) for newer, older in pairwise(versions))


def test_an_smmu_says_what_a_crash_and_a_shutdown_leave() -> None:
    for path in FILES:
        if path.parent.name != "smmu":
            continue
        residues = load(path)["residues"]
        assert residues["crash"]["translation"] == "old-tables"
        assert any(mode["status"] == "current" for name, mode in residues.items() if name != "crash")
        walked = {name for name, mode in residues.items() if mode["tables"] == "walked"}
        assert walked == {name for name, mode in residues.items() if mode["translation"] == "old-tables"}
