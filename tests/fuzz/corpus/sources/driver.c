/* A driver with what readers stumble over. */
#include <linux/platform_device.h>
#define ACME_NAME "acme"
#define acme_w32(p, v) writel(v, (p)->base)

static void acme_halt(struct acme *p)
{
#ifdef CONFIG_ACME_SLOW
	if (p->slow) {
#else
	if (p->fast && acme_w32(p, 0)) {
#endif
		for_each_set_bit(i, p->mask, 8)
			dma_unmap_single(p->dev, p->a[i], 64, DMA_FROM_DEVICE);
	}
	dev_close(p->ndev);
}

static void __maybe_unused acme_shutdown(struct platform_device *pdev)
{
	switch (system_state) {
	case SYSTEM_POWER_OFF:
		break;
	default:
		acme_halt(platform_get_drvdata(pdev));
	}
}

static int acme_probe(struct platform_device *pdev)
{
	dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(32));
	usb_create_hcd(&acme_hcd, &pdev->dev, ACME_NAME);
	return devm_add_action_or_reset(&pdev->dev, acme_halt, pdev);
}

static const struct of_device_id acme_ids[] = {
	{ .compatible = "acme,ring", .data = &(struct acme_data){ .n = 3 } },
#if IS_ENABLED(CONFIG_OF) && !defined(MODULE)
	{ .compatible = "acme,two" },
#endif
	{ /* sentinel */ }
};
MODULE_DEVICE_TABLE(of, acme_ids);

static SIMPLE_DEV_PM_OPS(acme_pm, acme_suspend, NULL);
static const struct hc_driver acme_hcd = { .flags = HCD_USB2 | HCD_MEMORY, };
static struct platform_driver acme_driver = {
	.probe = acme_probe,
	.shutdown = acme_shutdown,
	.driver = { .name = ACME_NAME, .of_match_table = of_match_ptr(acme_ids), .pm = pm_ptr(&acme_pm) },
};
module_platform_driver(acme_driver);
#if 0
}}}
#endif
