"""Random small platforms, made from a seed: every driver, SMMU, ABI and kind of handoff turns up sooner or later."""

from __future__ import annotations

import random
from typing import Any

from kexecspec.library import library
from kexecspec.platform.facts import Platform
from kexecspec.platform.resolve import resolve
from kexecspec.platform.variants import variants
from kexecspec.source import parse
from tests.generated.kernels import handoffs, kernels
from tests.generated.masters import master, smmu
from tests.generated.possible import possible
from tests.generated.secure_worlds import clients, secure_world

Content = dict[str, Any]


def content(seed: int) -> Content:
    """A platform file as plain data, with whatever it leaves unknown."""
    dice = random.Random(seed)
    made: Content = {"schema": "kexecspec/platform/1", "platform": f"generated-{seed}", "memory": _memory(dice)}
    kind = dice.choices(("secure", "dma", "both"), (45, 40, 15))[0]
    devices: Content = {}
    if kind != "dma":
        made["secure_world"] = secure_world(dice)
        devices |= clients(dice, made["secure_world"])
    if kind != "secure":
        smmus = dice.choice((0, 1, 1, 1, 1, 2)) if kind == "dma" else 1
        made["smmus"] = {f"smmu{number}": smmu(dice) for number in range(smmus)}
        for number in range(dice.choice((1, 1, 2)) if kind == "dma" else 1):
            devices[f"master{number}"] = master(dice, smmus, 0x400 + number)
    made["devices"] = devices
    world = made.get("secure_world")
    made["kernels"] = kernels(dice, None if world is None else tuple(world.get("services", ())))
    made["handoffs"] = handoffs(dice, made["kernels"])
    if len(made["kernels"]) > 1:
        made["first"] = "one"
    return possible(made | _wider(dice, made) | _interrupts(random.Random(f"interrupts {seed}")))


def filled(seed: int) -> Content:
    """`content(seed)` with one way, drawn with `seed`, in which the facts that change its shape may be."""
    made = content(seed)
    ways = [way for _, way in variants(made, parse("{}", "generated").span)]
    return random.Random(seed).choice(ways)


def platform(seed: int) -> Platform:
    """The resolved platform of `filled(seed)`."""
    return resolve(parse("{}", f"generated-{seed}"), f"generated-{seed}", library(), filled(seed))


def _interrupts(dice: random.Random) -> Content:
    """An interrupt controller now and then, whatever else there is."""
    if dice.random() > 0.1:
        return {}
    gic = {"variant": "arm,gic-v3", "its": dice.random() < 0.8, "efi": dice.random() < 0.5}
    return {"interrupt_controllers": {"gic": gic}}


def _memory(dice: random.Random) -> Content:
    made: Content = {"ram": ["0x8000_0000 + 2GiB"], "crashkernel": "0xc000_0000 + 256MiB"}
    if dice.random() < 0.15:
        made["reserved"] = [dice.choice(("0xfff0_0000 + 1MiB", "0x9000_0000 + 1MiB"))]
    if dice.random() < 0.1:
        made["dma_limit"] = dice.choice(("3GiB", "unknown"))
    return made


def _wider(dice: random.Random, made: Content) -> Content:
    """Assumptions, limits, duties and resets that are about the platform as a whole."""
    more: Content = {}
    assumed: Content = {"registration_fails": False} if dice.random() < 0.4 else {}
    if dice.random() < 0.1:
        assumed["in_flight"] = "none"
    if dice.random() < 0.1:
        assumed["fabric_drains"] = False
    if assumed:
        more["assume"] = assumed
    if dice.random() < 0.1:
        more["limits"] = {"handoffs_between_resets": dice.randint(1, 3)}
    if dice.random() < 0.1:
        more["resets"] = {"warm_clears": dice.sample(("secure_world", "smmus", "devices"), dice.randint(0, 2))}
    if "optee" in made.get("secure_world", {}) and dice.random() < 0.1:
        more["duties"] = ["tee"]
    return more
