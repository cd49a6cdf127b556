"""What is said of drivers: hooks that are there, absent, conditional or not understood, and what stops the master."""

from __future__ import annotations

from pathlib import Path

import pytest

from kexecspec.importers.source.index import opened_index
from kexecspec.importers.source.values import DriverRead
from tests.importers.source.trees import MMC_BUS, PCI_DRIVER, driver, tree

OURS = "drivers/acme/ring.c"


def one(
    root: Path, text: str | bytes, more: dict[str, str | bytes] | None = None, config: str | None = None
) -> DriverRead:
    from kexecspec.importers.source.conditions import config_of

    tree(root, {OURS: text, **(more or {})})
    with opened_index(root, None, 1, None, None if config is None else config_of(config)) as index:
        found = index.drivers_for("acme,ring")
        assert len(found) == 1
        assert index.version == "6.1.7"
        return found[0]


def test_a_driver_without_a_hook(tmp_path: Path) -> None:
    read = one(tmp_path, driver(""))
    shutdown = read.hook("shutdown")
    assert read.name == "acme-ring" and read.bus == "platform" and not read.partial
    assert shutdown is not None and shutdown.state == "absent" and shutdown.stops.value is False
    assert read.stopped("kexec").by.value == "nothing" and read.stopped("kexec").by.confidence == "read"
    assert str(read.stopped("kexec").by.places[0]).startswith(f"{OURS}:")
    assert read.stopped("crash").by.value == "nothing"
    assert read.dma.master.value is True and read.dma.kind.value is None


HOOK = "static void acme_shutdown(struct platform_device *pdev)\n{{\n{}\n}}\n"


@pytest.mark.parametrize(
    ("body", "value", "confidence"),
    [
        ("\tunregister_netdev(dev);", True, "read"),
        ("\tif (!priv)\n\t\treturn;\n\tif (netif_running(dev))\n\t\tdev_close(dev);", True, "read"),
        ("\tif (priv->mode == 3)\n\t\tdev_close(dev);", True, "assumed"),
        ("\tif (system_state == SYSTEM_POWER_OFF)\n\t\tdev_close(dev);", False, "read"),
        ("\tmutex_lock(&priv->lock);\n\tdev_info(dev, \"off\");\n\tmutex_unlock(&priv->lock);", False, "read"),
        ("\tpriv->down = true;", False, "read"),
        ("\twritel(1, priv->base);", None, "unknown"),
        ("\tclk_disable_unprepare(priv->clk);", None, "unknown"),
        ("\tnobody_knows_this(priv);", None, "unknown"),
        ("\tpriv->ops->end(priv);", None, "unknown"),
        ("\tif (hcd->driver->shutdown)\n\t\thcd->driver->shutdown(hcd);", True, "read"),
        ("\tif (a->ops->shutdown)\n\t\ta->ops->shutdown(a);", None, "unknown"),
    ],
)  # fmt: skip
def test_what_a_hook_does(tmp_path: Path, body: str, value: bool | None, confidence: str) -> None:
    read = one(tmp_path, driver(".shutdown = acme_shutdown,", HOOK.format(body)))
    shutdown = read.hook("shutdown")
    assert shutdown is not None and shutdown.state == "present"
    assert (shutdown.stops.value, shutdown.stops.confidence) == (value, confidence), shutdown.stops.note
    by = read.stopped("kexec").by
    assert by.value == {True: "shutdown", False: "nothing", None: None}[value]


def test_calls_are_followed_in_the_file_and_into_others(tmp_path: Path) -> None:
    body = "static void acme_quiet(struct acme *a)\n{\n\tacme_core_end(a);\n}\n" + HOOK.format("\tacme_quiet(p);")
    core = "#include <x.h>\nvoid acme_core_end(struct acme *a)\n{\n\tif (a->ndev)\n\t\tunregister_netdev(a->ndev);\n}\n"
    read = one(tmp_path, driver(".shutdown = acme_shutdown,", body), {"drivers/acme/core.c": core})
    shutdown = read.hook("shutdown")
    assert shutdown is not None and shutdown.stops.value is True
    assert shutdown.reached[0].path == ("acme_shutdown", "acme_quiet", "acme_core_end")
    assert str(shutdown.reached[0].place) == "drivers/acme/core.c:5"


def test_a_stop_by_its_name_is_assumed(tmp_path: Path) -> None:
    body = "static void acme_stop_dma(struct acme *a)\n{\n\twritel(0, a->ctl);\n}\n" + HOOK.format(
        "\tacme_stop_dma(p);"
    )
    read = one(tmp_path, driver(".shutdown = acme_shutdown,", body))
    by = read.stopped("kexec").by
    assert (by.value, by.confidence) == ("shutdown", "assumed") and "acme_stop_dma" in by.note


def test_masking_an_interrupt_by_name_stops_nothing_surely(tmp_path: Path) -> None:
    body = "static void acme_disable_irqs(struct acme *a)\n{\n\twritel(0, a->ctl);\n}\n" + HOOK.format(
        "\tacme_disable_irqs(p);"
    )
    assert one(tmp_path, driver(".shutdown = acme_shutdown,", body)).stopped("kexec").by.value is None


def test_a_member_under_a_condition(tmp_path: Path) -> None:
    text = driver("#ifdef CONFIG_ACME_OFF\n\t.shutdown = acme_shutdown,\n#endif", HOOK.format("\tdev_close(d);"))
    shutdown = one(tmp_path, text).hook("shutdown")
    assert shutdown is not None and (shutdown.state, shutdown.condition) == ("maybe", "CONFIG_ACME_OFF")
    with_it = one(tmp_path, text, config="CONFIG_ACME_OFF=y\n")
    assert with_it.stopped("kexec").by.value == "shutdown"
    without = one(tmp_path, text, config="# CONFIG_ACME_OFF is not set\n").hook("shutdown")
    assert without is not None and without.state == "absent"
    assert one(tmp_path, text).stopped("kexec").by.value is None


@pytest.mark.parametrize("broken", ["ACME_MEMBERS(x y)", ".probe = = 3,", "@@@", "\x01 ,"])
def test_what_cannot_be_parsed_is_unknown_and_never_absent(tmp_path: Path, broken: str) -> None:
    read = one(tmp_path, driver(broken))
    shutdown = read.hook("shutdown")
    assert shutdown is not None and shutdown.state == "unknown" and read.partial
    assert read.stopped("kexec").by.value is None and read.stopped("kexec").by.confidence == "unknown"


def test_power_management_by_macro(tmp_path: Path) -> None:
    body = (
        "static int acme_sleep(struct device *d)\n{\n\treturn 0;\n}\n"
        "static const struct dev_pm_ops acme_pm = {\n\tSET_SYSTEM_SLEEP_PM_OPS(acme_sleep, acme_wake)\n"
        "\tSET_RUNTIME_PM_OPS(acme_idle, NULL, NULL)\n};\n"
    )
    text = driver("", body).replace('.name = "acme-ring",', '.name = "acme-ring",\n\t\t.pm = pm_ptr(&acme_pm),')
    read = one(tmp_path, text)
    hooks = {h.name: (h.state, h.function) for h in read.hooks}
    assert hooks["suspend"] == ("maybe", "acme_sleep") and hooks["runtime_suspend"] == ("maybe", "acme_idle")
    assert hooks["suspend_noirq"][0] == "absent"


def test_a_reboot_notifier_counts_and_a_devm_action_does_not(tmp_path: Path) -> None:
    notify = "static int acme_notify(struct notifier_block *n, unsigned long a, void *p)\n{\n\tdev_close(n);\n}\n"
    block = "static struct notifier_block acme_nb = {\n\t.notifier_call = acme_notify,\n};\n"
    moved = driver("", notify + block, probe="register_reboot_notifier(&acme_nb);")
    text = moved.replace("static int acme_probe", notify + block + "static int acme_probe", 1).replace(
        notify + block + "static const", "static const"
    )
    by = one(tmp_path / "a", text).stopped("kexec")
    assert by.by.value == "shutdown" and by.name == "acme_notify"
    action = "static void acme_undo(void *p)\n{\n\tdev_close(p);\n}\n"
    read = one(tmp_path / "b", driver("", action, probe="devm_add_action_or_reset(&pdev->dev, acme_undo, p);"))
    assert [r.function for r in read.devres] == ["acme_undo"] and read.stopped("kexec").by.value == "nothing"


def test_an_mmc_host_is_stopped_by_its_core_where_the_tree_has_that(tmp_path: Path) -> None:
    text = driver("", probe="mmc_add_host(host);")
    read = one(tmp_path / "a", text, {"drivers/mmc/core/bus.c": MMC_BUS})
    stopped = read.stopped("kexec")
    assert (stopped.by.value, stopped.name, stopped.feature) == ("core", "mmc", "mmc-bus-shutdown")
    assert read.dma.kind.value == "one-shot" and read.dma.requests_by.value == "user"
    assert one(tmp_path / "b", text).stopped("kexec").by.value == "nothing"


def test_a_child_with_a_hook_stops_its_parent(tmp_path: Path) -> None:
    child = driver(".shutdown = usb_hcd_platform_shutdown,", compatible="acme,none", name="acme-child")
    text = driver("", probe='platform_device_alloc("acme-child", -1);')
    read = one(tmp_path, text, {"drivers/acme/child.c": child.replace("acme_", "child_")})
    stopped = read.stopped("kexec")
    assert (stopped.by.value, stopped.name) == ("child", "acme-child")


def test_children_of_the_device_tree_leave_it_open(tmp_path: Path) -> None:
    text = driver("", probe="of_platform_populate(np, NULL, NULL, dev);").replace("dma_alloc_coherent", "dma_something")
    assert one(tmp_path, text).stopped("kexec").by.value is None


def test_channels_of_an_engine_and_registers_only(tmp_path: Path) -> None:
    plain = driver("").replace("dma_set_mask_and_coherent", "acme_a").replace("dma_alloc_coherent", "acme_b")
    only = one(tmp_path / "a", plain)
    assert only.dma.master.value is False and only.dma.kind.value == "none"
    engine = one(tmp_path / "b", plain.replace("acme_a(", "dma_request_chan(").replace("acme_b(", "dma_map_single("))
    assert engine.dma.master.value is False and engine.dma.master.confidence == "assumed"


def test_names_by_variables_and_headers_and_arrays_that_are_no_drivers(tmp_path: Path) -> None:
    text = driver("").replace('"acme-ring"', "acme_name")
    text = 'static const char acme_name[] = "by-variable";\n' + text
    text += "static struct platform_driver * const acme_drivers[] = {\n\t&acme_driver,\n};\n"
    assert one(tmp_path / "a", text).name == "by-variable"
    header = {"drivers/acme/acme.h": '#define ACME_NAME\t"by-header"\n'}
    read = one(tmp_path / "b", driver("").replace('"acme-ring"', "ACME_NAME"), header)
    assert read.name == "by-header"
    with opened_index(tmp_path / "b", None, 1) as index:
        assert [d.name for d in index.drivers_called("by-header")] == ["by-header"]
    made = {"drivers/acme/Makefile": "obj-$(CONFIG_ACME) += acme-mod.o\nacme-mod-y := ring.o core.o\n"}
    read = one(tmp_path / "c", driver("").replace('"acme-ring"', "KBUILD_MODNAME"), made)
    assert (read.name, read.condition) == ("acme-mod", "IS_ENABLED(CONFIG_ACME)")


def test_a_hook_that_is_assigned_at_run_time_is_not_called_absent(tmp_path: Path) -> None:
    late = "static void acme_init(void)\n{\n\tacme_driver.shutdown = acme_late;\n\tphy->shutdown = acme_phy;\n}\n"
    shutdown = one(tmp_path / "a", driver("") + late).hook("shutdown")
    assert shutdown is not None and (shutdown.state, shutdown.function) == ("unknown", "acme_late")
    other = one(tmp_path / "b", driver("") + late.replace("acme_driver.shutdown", "port->shutdown")).hook("shutdown")
    assert other is not None and other.state == "absent"


def test_an_engine_and_buffers_of_its_own_leave_it_open(tmp_path: Path) -> None:
    plain = driver("").replace("dma_set_mask_and_coherent(", "dma_request_chan(")
    assert one(tmp_path, plain).dma.master.value is None


def test_an_amba_part_is_found_by_its_name(tmp_path: Path) -> None:
    text = """
static int acme_probe(struct amba_device *adev, const struct amba_id *id)
{
	dma_set_mask_and_coherent(d, m);
	return coresight_register(a);
}
static void acme_shutdown(struct amba_device *adev)
{
	acme_etr_disable_hw(adev);
}
static const struct amba_id acme_ids[] = { { .id = 0x000bb961, .mask = 0x000fffff, }, { 0, 0 }, };
static struct amba_driver acme_amba = {
	.drv = { .name = "acme-sink" }, .probe = acme_probe, .shutdown = acme_shutdown, .id_table = acme_ids,
};
"""
    tree(tmp_path, {OURS: text})
    with opened_index(tmp_path, None, 1) as index:
        (read,) = index.drivers_for("arm,acme-sink")
        assert "by its name" in read.notes[-1] and index.drivers_for("acme,acme-sink") == ()
        assert [d.name for d in index.drivers_by("amba", "0x0bb961")] == ["acme-sink"]
        assert index.drivers_by("amba", "0x0bb962") == ()


def test_a_struct_in_another_file_than_its_probe(tmp_path: Path) -> None:
    glue = """
static const struct of_device_id acme_ids[] = { { .compatible = "acme,ring" }, { } };
static struct platform_driver acme_glue = {
	.probe = acme_core_probe, .remove = acme_core_remove, .shutdown = acme_core_shutdown,
	.driver = { .name = "acme-glue", .of_match_table = of_match_ptr(acme_ids), .pm = &acme_core_pm },
};
"""
    core = """
int acme_core_probe(struct platform_device *pdev)
{
	dma_map_single(a, b, c, d);
	return register_netdev(ndev);
}
EXPORT_SYMBOL_GPL(acme_core_probe);
int acme_core_remove(struct platform_device *pdev)
{
	unregister_netdev(ndev);
	return 0;
}
void acme_core_shutdown(struct platform_device *pdev)
{
	acme_core_remove(pdev);
}
static int acme_core_suspend(struct device *dev)
{
	return 0;
}
SIMPLE_DEV_PM_OPS(acme_core_pm, acme_core_suspend, acme_core_resume);
"""
    read = one(tmp_path, glue, {"drivers/acme/core.c": core})
    assert read.stopped("kexec").by.value == "shutdown" and read.dma.kind.value == "ring"
    suspend = read.hook("suspend")
    assert suspend is not None and (suspend.function, str(suspend.place)) == (
        "acme_core_suspend",
        "drivers/acme/core.c:21",
    )


def test_pci_is_stopped_by_its_bus_on_a_kexec_only(tmp_path: Path) -> None:
    text = """
static int acme_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	pci_set_master(pdev);
	return register_netdev(ndev);
}
static const struct pci_device_id acme_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_ACME, 0x10) }, { PCI_VDEVICE(ACME, 0x0020), 3 }, { PCI_DEVICE_CLASS(0x020000, ~0) },
	{ 0x1234, PCI_ANY_ID, }, { .vendor = 0x9abc, .device = 0x1 },
	{ PCI_DEVICE(PCI_VENDOR_ID_ACME, ACME_DEV_PF) },
	{ PCI_ANY_ID, PCI_ANY_ID, PCI_ANY_ID, PCI_ANY_ID, 0x010600, ~0, 3 },
	{ PCI_DEVICE(PCI_ANY_ID, PCI_ANY_ID) }, { 0, }
};
static struct pci_driver acme_pci = {
	.name = "acme", .id_table = acme_ids, .probe = acme_probe,
};
"""
    more: dict[str, str | bytes] = {
        "drivers/pci/pci-driver.c": PCI_DRIVER,
        "drivers/acme/hw.h": "#define ACME_DEV_PF\t0xe100\n",
        "include/linux/pci_ids.h": "#define PCI_VENDOR_ID_ACME\t\t0xac3e\n",
    }
    tree(tmp_path, {OURS: text, **more})
    with opened_index(tmp_path, None, 1) as index:
        every = "ac3e:0010 ac3e:20 ac3e:e100 7777:7777/010600 1234:ffff 9abc:1 5555:5555/020000"
        for asked in every.split():
            assert [d.name for d in index.drivers_by("pci", asked)] == ["acme"], asked
        assert index.drivers_by("pci", "ac3e:0011/010000") == ()
        (read,) = index.drivers_called("acme", "pci")
    assert (read.stopped("kexec").by.value, read.stopped("kexec").feature) == ("bus", "pci-clear-master-on-kexec")
    assert read.stopped("reboot").by.value == "nothing"


def test_a_client_of_the_secure_world(tmp_path: Path) -> None:
    text = """
#define ACME_SHM (2 * SZ_1M)
static const struct tee_client_device_id acme_ids[] = {
	{UUID_INIT(0x6272636d, 0x2019, 0x0716, 0x42, 0x43, 0x4d, 0x5f, 0x53, 0x43, 0x48, 0x49)},
	{}
};
static int acme_probe(struct device *dev)
{
	ctx = tee_client_open_context(NULL, match, NULL, NULL);
	rc = tee_client_open_session(ctx, &arg, NULL);
	shm = tee_shm_alloc_kernel_buf(ctx, ACME_SHM);
	if (IS_ERR(shm))
		goto out;
	return 0;
out:
	tee_client_close_context(ctx);
	return -1;
}
static void acme_shutdown(struct device *dev)
{
	tee_shm_free(shm);
	tee_client_close_session(ctx, id);
	tee_client_close_context(ctx);
}
static struct tee_client_driver acme_tee = {
	.id_table = acme_ids,
	.driver = { .name = "acme-tee", .probe = acme_probe, .shutdown = acme_shutdown, .bus = &tee_bus_type },
};
"""
    tree(tmp_path, {OURS: text})
    with opened_index(tmp_path, None, 1) as index:
        (read,) = index.drivers_by("tee", "6272636d-2019-0716-4243-4d5f53434849")
    assert [(c.hook, c.do, c.size) for c in read.tee] == [
        ("probe", "tee_client_open_context", None), ("probe", "tee_client_open_session", None),
        ("probe", "tee_shm_alloc_kernel_buf", 2 << 20), ("shutdown", "tee_shm_free", None),
        ("shutdown", "tee_client_close_session", None), ("shutdown", "tee_client_close_context", None),
    ]  # fmt: skip
