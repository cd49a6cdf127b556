"""Whether a driver's device is a master: what it registers with says nothing without a call of the DMA API."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.importers.source.entry import driver_entry
from kexecspec.importers.source.index import opened_index
from kexecspec.library import library
from tests.importers.source.trees import driver, tree

HEAD = """
static int x_probe(struct platform_device *pdev)
{
%s
	return register_netdev(ndev);
}
static const struct of_device_id x_ids[] = { { .compatible = "acme,x" }, { } };
MODULE_DEVICE_TABLE(of, x_ids);
static struct platform_driver x_driver = {
	.probe = x_probe,
	.driver = { .name = "x", .of_match_table = x_ids },
};
module_platform_driver(x_driver);
"""


@pytest.mark.parametrize(
    ("calls", "master"),
    [
        ("	ndev->base = readl(base);", None),
        ("	dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));", True),
        ("	priv->chan = dma_request_chan(&pdev->dev, \"rx\");", False),
    ],
)  # fmt: skip
def test_a_net_device(tmp_path: Path, calls: str, master: bool | None) -> None:
    (tmp_path / "drivers/net").mkdir(parents=True)
    (tmp_path / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\n")
    (tmp_path / "drivers/net/x.c").write_text(HEAD % calls)
    with opened_index(tmp_path, None, 1) as index:
        (read,) = index.drivers_for("acme,x")
    assert read.dma.master.value is master


def shutdown(body: str, more: str = "") -> str:
    return f"{more}\nstatic void acme_shutdown(struct platform_device *pdev)\n{{\n{body}\n}}\n"


WRITES = "static void acme_stop(void *p)\n{\n\twritel(0, p);\n}\n"


@pytest.mark.parametrize(
    ("body", "more", "hook", "confidence"),
    [
        ("pci_clear_master(p);\ndma_unmap_single(d, a, n, t);", "", ["dma_stop", "dma_unmap"], None),
        ("dma_unmap_single(d, a, n, t);\npci_clear_master(p);", "", ["dma_unmap", "dma_stop"], None),
        ("acme_w32(p);\ndma_unmap_single(d, a, n, t);\npci_clear_master(p);", "", ["dma_unmap", "dma_stop"], "assumed"),
        ("acme_stop(p);\ndma_unmap_single(d, a, n, t);\npci_clear_master(p);", WRITES, ["dma_stop", "dma_unmap"], None),
        ("if (p->quirks & 4)\n\tacme_stop(p);\ndma_unmap_page(d, a, n, t);\npci_clear_master(p);", WRITES,
         ["dma_unmap", "dma_stop"], "assumed"),
        ("if (system_state == SYSTEM_POWER_OFF)\n\tdma_unmap_page(d);\npci_clear_master(p);\ndma_unmap_page(d);", "",
         ["dma_stop", "dma_unmap"], None),
        ("dev_close(p);\ndma_unmap_single(d, a, n, t);", "", ["dma_stop", "dma_unmap"], None),
        ("pci_clear_master(p);", "", ["dma_stop"], None),
    ],
)  # fmt: skip
def test_the_order_within_a_hook_is_that_of_its_calls(
    tmp_path: Path, body: str, more: str, hook: list[str], confidence: str | None
) -> None:
    root = tree(tmp_path, {"drivers/x.c": driver(".shutdown = acme_shutdown,", shutdown(body, more), "acme,x")})
    with opened_index(root, None, 1) as index:
        (read,) = index.drivers_for("acme,x")
    entry = driver_entry(read, library())
    assert entry["hooks"]["shutdown"] == hook
    assert entry["confidence"].get("hooks.shutdown") == confidence


HCD = "static const struct hc_driver acme_hcd = {{\n\t.flags = HCD_MEMORY | HCD_USB2{},\n}};\n"


@pytest.mark.parametrize(
    ("flag", "more", "issues"), [(" | HCD_DMA", "", True), ("", "", False), ("", "dma_alloc", True)]
)
def test_a_usb_host_that_the_processor_copies_for_is_no_master(
    tmp_path: Path, flag: str, more: str, issues: bool
) -> None:
    text = driver("", probe="usb_create_hcd(&acme_hcd, dev, n);", compatible="acme,x")
    text = HCD.format(flag) + text.replace("dma_alloc_coherent", "dma_alloc_coherent" if more else "acme_plain")
    root = tree(tmp_path, {"drivers/x.c": text})
    with opened_index(root, None, 1) as index:
        (read,) = index.drivers_for("acme,x")
    assert read.dma.master.value is issues
    assert str(read.dma.master.places[0]) == "drivers/x.c:2" or issues


def test_channels_of_a_udma_are_those_of_its_node(tmp_path: Path) -> None:
    probe = "netif_napi_add(n, p, f);\nk3_udma_glue_request_rx_chn(d, n);\nk3_cppi_desc_pool_create_name(d, 1, n);"
    text = driver("", probe=probe, compatible="acme,x").replace("dma_set_mask_and_coherent", "acme_a")
    pool = "void *k3_cppi_desc_pool_create_name(void *d)\n{\n\treturn dma_alloc_coherent(d, 1, NULL, 0);\n}\n"
    files = {"drivers/x.c": text.replace("dma_alloc_coherent", "dma_map_single"), "drivers/pool.c": pool}
    with opened_index(tree(tmp_path, files), None, 1) as index:
        (read,) = index.drivers_for("acme,x")
    assert (read.dma.master.value, read.dma.master.confidence) == (False, "assumed")
