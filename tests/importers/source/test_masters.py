"""Whether a driver's device is a master: what it registers with says nothing without a call of the DMA API."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.importers.source.index import opened_index

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
        (driver,) = index.drivers_for("acme,x")
    assert driver.dma.master.value is master
