"""A driver that was read, as a platform file has it: valid, with its places, and what is open left open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kexecspec.importers.source.entry import driver_entry
from kexecspec.importers.source.index import opened_index
from kexecspec.library import library
from kexecspec.schema import validate
from kexecspec.source import parse
from tests.importers.source.trees import MMC_BUS, driver, tree

HOOK = "static void acme_shutdown(struct platform_device *p)\n{{\n\t{}\n}}\n"


def entry(root: Path, text: str, path: str = "drivers/acme/ring.c") -> dict[str, Any]:
    import json

    tree(root, {path: text, "drivers/mmc/core/bus.c": MMC_BUS})
    with opened_index(root, None, 1) as index:
        (read,) = index.drivers_for("acme,ring")
    made = dict(driver_entry(read, library()))
    own = {key: value for key, value in made.items() if key != "driver"}
    if "kind" in own:
        said = json.dumps(
            {"schema": "kexecspec/driver/1", "driver": made["driver"], "sources": [{"ref": "x", "says": "y"}], **own}
        )
        assert list(validate(parse(said, "entry.yaml"), "driver")) == []
    return made


@pytest.mark.parametrize(
    ("text", "kexec", "shutdown"),
    [
        (driver(""), "nothing", []),
        (driver(".shutdown = acme_shutdown,", HOOK.format("dev_close(d);")), "shutdown", ["dma_stop", "dma_unmap"]),
        (driver(".shutdown = acme_shutdown,", HOOK.format("writel(0, d);")), "unknown", []),
        (driver("", probe="mmc_add_host(h);"), [{"by": "core", "when": "mmc-bus-shutdown"}, {"by": "nothing"}], []),
    ],
    ids=["none", "stops", "unknown", "core"],
)
def test_what_stops_it(tmp_path: Path, text: str, kexec: object, shutdown: list[str]) -> None:
    made = entry(tmp_path, text)
    assert made["quiesced_by"]["kexec"] == kexec and made["quiesced_by"]["crash"] == "nothing"
    assert made["hooks"]["shutdown"] == shutdown
    assert made["driver"] == "acme-ring" and made["bus"] == "platform"
    assert str(made["from"]["driver"]).startswith("drivers/acme/ring.c:")
    assert (made["confidence"].get("quiesced_by.kexec") == "unknown") == (kexec == "unknown")


def test_a_driver_of_the_library_is_named_and_differences_are_told(tmp_path: Path) -> None:
    there = driver("", name="dwc3", probe="register_netdev(x);")
    made = entry(tmp_path / "a", there, "drivers/usb/dwc3/core.c")
    assert made["driver"] == "dwc3" and "kind" not in made and "notes" not in made
    other = driver(".shutdown = acme_shutdown,", HOOK.format("dev_close(d);"), name="caam_jr", probe="mmc_add_host(h);")
    made = entry(tmp_path / "b", other.replace("dev_close", "usb_remove_hcd"), "drivers/ata/ahci_qoriq.c")
    assert made["driver"] == "caam_jr", "the file is another driver's"
    made = entry(tmp_path / "c", other.replace("caam_jr", "ahci-qoriq"), "drivers/ata/ahci_qoriq.c")
    assert made["driver"] == "ahci_qoriq" and "this tree by shutdown (drivers/ata/ahci_qoriq.c:" in made["notes"][0]
