"""Which structs are read whole: those by which a driver is known to its bus, and its hooks to the driver core."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DriverStruct:
    """A struct by which a driver is registered: its bus, and the members that matter. name: where the driver's name
    stands; shutdown, remove, probe: the bus's own members; tables: a member each to the kind of table it names."""

    bus: str
    name: tuple[str, ...]
    tables: tuple[tuple[str, str], ...]
    hooks: tuple[tuple[str, tuple[str, ...]], ...]


_CORE = ("driver.name", "name")
_OF = (("driver.of_match_table", "of"), ("driver.acpi_match_table", "acpi"))


def _hooks(**more: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    usual = {
        "probe": ("probe", "probe_new", "driver.probe"),
        "shutdown": ("shutdown", "driver.shutdown"),
        "remove": ("remove", "remove_new", "driver.remove"),
        "suspend": ("suspend", "driver.suspend"),
    }
    return tuple((usual | more).items())


DRIVERS: Mapping[str, DriverStruct] = {
    "platform_driver": DriverStruct("platform", _CORE, (*_OF, ("id_table", "platform")), _hooks()),
    "pci_driver": DriverStruct("pci", ("name", "driver.name"), (("id_table", "pci"), *_OF), _hooks()),
    "amba_driver": DriverStruct("amba", ("drv.name",), (("id_table", "amba"), ("drv.of_match_table", "of")), _hooks()),
    "fsl_mc_driver": DriverStruct("fsl-mc", _CORE, (("match_id_table", "fsl-mc"),), _hooks()),
    "tee_client_driver": DriverStruct("tee", _CORE, (("id_table", "tee"),), _hooks()),
    "ffa_driver": DriverStruct("ffa", ("name", "driver.name"), (("id_table", "ffa"),), _hooks()),
    "usb_driver": DriverStruct(
        "usb", ("name",), (("id_table", "usb"),), _hooks(probe=("probe",), remove=("disconnect",))
    ),
    "virtio_driver": DriverStruct("virtio", _CORE, (("id_table", "virtio"),), _hooks()),
    "mdio_driver": DriverStruct("mdio", ("mdiodrv.driver.name",), (("mdiodrv.driver.of_match_table", "of"),), _hooks()),
    "i2c_driver": DriverStruct("i2c", _CORE, (*_OF, ("id_table", "i2c")), _hooks()),
    "spi_driver": DriverStruct("spi", _CORE, (*_OF, ("id_table", "spi")), _hooks()),
    "auxiliary_driver": DriverStruct("auxiliary", ("name", "driver.name"), (("id_table", "auxiliary"),), _hooks()),
    "mipi_dsi_driver": DriverStruct("mipi-dsi", _CORE, _OF, _hooks()),
    "host1x_driver": DriverStruct("host1x", _CORE, (), _hooks()),
}

ID_TABLES: Mapping[str, str] = {
    "of_device_id": "of", "pci_device_id": "pci", "amba_id": "amba", "acpi_device_id": "acpi",
    "fsl_mc_device_id": "fsl-mc", "usb_device_id": "usb", "platform_device_id": "platform",
    "virtio_device_id": "virtio", "tee_client_device_id": "tee", "ffa_device_id": "ffa", "i2c_device_id": "i2c",
    "spi_device_id": "spi", "auxiliary_device_id": "auxiliary",
}  # fmt: skip

READ_WHOLE = frozenset(
    (
        *DRIVERS,
        "dev_pm_ops",
        "notifier_block",
        "syscore_ops",
        "device_driver",
        "bus_type",
        "class",
        "component_ops",
        "hc_driver",
    )
)

PM_HOOKS = (
    "suspend", "resume", "freeze", "thaw", "poweroff", "restore", "suspend_late", "resume_early", "freeze_late",
    "poweroff_late", "suspend_noirq", "resume_noirq", "freeze_noirq", "poweroff_noirq", "runtime_suspend",
    "runtime_resume", "runtime_idle", "prepare", "complete",
)  # fmt: skip
