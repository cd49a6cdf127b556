"""Small kernel trees, with drivers of our own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

MAKEFILE = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\nEXTRAVERSION =\n"

MMC_BUS = """
static void mmc_bus_shutdown(struct device *dev)
{
	mmc_stop_host(dev);
}
"""
PCI_DRIVER = """
static void pci_device_shutdown(struct device *dev)
{
	if (kexec_in_progress)
		pci_clear_master(dev);
}
"""


def tree(root: Path, files: Mapping[str, str | bytes]) -> Path:
    """A tree at `root` with a top Makefile and `files`."""
    for name, text in {"Makefile": MAKEFILE, "drivers/Makefile": "", **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def driver(hooks: str, body: str = "", compatible: str = "acme,ring", name: str = "acme-ring", probe: str = "") -> str:
    """A platform driver that posts DMA: `hooks` are members of its struct, `body` stands before it."""
    return f"""
#include <linux/platform_device.h>

static int acme_probe(struct platform_device *pdev)
{{
	dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	dma_alloc_coherent(&pdev->dev, 4096, NULL, GFP_KERNEL);
	{probe}
	return 0;
}}
{body}
static const struct of_device_id acme_of_match[] = {{
	{{ .compatible = "{compatible}" }},
	{{ }}
}};
MODULE_DEVICE_TABLE(of, acme_of_match);

static struct platform_driver acme_driver = {{
	.probe = acme_probe,
	{hooks}
	.driver = {{
		.name = "{name}",
		.of_match_table = acme_of_match,
	}},
}};
module_platform_driver(acme_driver);
"""
